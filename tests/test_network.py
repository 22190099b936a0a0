"""Unit 1: activation, gate, init_weights, forward, backward, weight_gradients."""

import numpy as np
import oracles
import pytest
from oracles import assert_matches, expect, unchanged

from minintk import network

SLOPES = [0.0, 0.1, 0.7, 1.0]


@pytest.mark.exercise("network.activation", row=1)
def test_activation_keeps_positive_numbers_and_multiplies_the_others_by_the_slope():
    """activation([-2, 3], slope=0.1) is [-0.2, 3]."""
    assert_matches(network.activation(np.array([-2.0, 3.0]), slope=0.1), np.array([-0.2, 3.0]))


@pytest.mark.exercise("network.activation", row=2)
@pytest.mark.parametrize("slope", SLOPES)
def test_activation_is_right_for_every_slope_and_shape(rng, slope):
    """Every entry is z where z > 0 and slope * z elsewhere, for arrays of any shape and every slope from 0 to 1."""
    for shape in [(6,), (1, 1), (4, 5), (2, 3, 4)]:
        z = rng.standard_normal(shape)
        expected = np.array([oracles.phi(u, slope) for u in z.ravel().tolist()]).reshape(shape)
        assert_matches(network.activation(z, slope=slope), expected)


@pytest.mark.exercise("network.activation", row=3)
@pytest.mark.parametrize("slope", SLOPES)
def test_activation_does_not_change_its_input(rng, slope):
    """The array that is passed in holds the same numbers afterwards."""
    z = rng.standard_normal((4, 5))
    with unchanged(z):
        network.activation(z, slope=slope)


@pytest.mark.exercise("network.activation", row=4)
@pytest.mark.parametrize("slope", SLOPES)
def test_activation_keeps_single_precision(rng, slope):
    """A float32 array gives a float32 array."""
    assert network.activation(rng.standard_normal((4, 5)).astype(np.float32), slope=slope).dtype == np.float32


@pytest.mark.exercise("network.gate", row=1)
def test_gate_is_one_where_h_is_positive_and_the_slope_elsewhere():
    """gate([-0.2, 3], slope=0.1) is [0.1, 1]."""
    assert_matches(network.gate(np.array([-0.2, 3.0]), slope=0.1), np.array([0.1, 1.0]))


@pytest.mark.exercise("network.gate", row=2)
@pytest.mark.parametrize("slope", SLOPES)
def test_gate_is_the_slope_at_zero(slope):
    """At the kink, where h = 0 exactly, phi' is the slope, also if the slope is 0 or 1."""
    gates = network.gate(np.array([[0.0, 1.0, 0.0], [2.0, 0.0, -0.0]]), slope=slope)
    assert_matches(gates, np.array([[slope, 1, slope], [1, slope, slope]]))


@pytest.mark.exercise("network.gate", row=3)
@pytest.mark.parametrize("slope", SLOPES)
def test_gate_is_the_derivative_of_the_activation(rng, slope):
    """gate(phi(z)) is the derivative of phi at z, for arrays of any shape and every slope from 0 to 1."""
    for shape in [(6,), (1, 1), (4, 5), (2, 3, 4)]:
        z = rng.choice([-1, 1], shape) * rng.uniform(0.1, 2, shape)
        h = np.array([oracles.phi(u, slope) for u in z.ravel().tolist()]).reshape(shape)
        slopes = [oracles.differences(lambda m: oracles.phi(m[0][0], slope), [np.array([u])])[0][0] for u in z.ravel()]
        with unchanged(h):
            assert_matches(network.gate(h, slope=slope), np.reshape(slopes, shape))


@pytest.mark.exercise("network.gate", row=4)
@pytest.mark.parametrize("slope", SLOPES)
def test_gate_keeps_single_precision(rng, slope):
    """A float32 array gives a float32 array."""
    assert network.gate(rng.standard_normal((4, 5)).astype(np.float32), slope=slope).dtype == np.float32


@pytest.mark.exercise("network.init_weights", row=1)
@pytest.mark.parametrize("widths", [[3, 2], [4, 7, 1], [1, 1, 1], [5, 6, 2, 8, 3]])
def test_init_weights_returns_one_matrix_a_layer_out_by_in(widths):
    """W_l has shape (n_l, n_{l-1}): one row for each unit, one column for each of its inputs."""
    weights = network.init_weights(widths, sigma=0.5, rng=3)
    shapes, expected = [np.shape(W) for W in weights], [(n, m) for m, n in zip(widths, widths[1:])]
    expect(shapes == expected, f"The shapes are {shapes}, expected {expected}.")
    expect(all(W.dtype == np.float64 for W in weights), f"The precision is {weights[0].dtype}, expected float64.")


@pytest.mark.exercise("network.init_weights", row=2)
@pytest.mark.parametrize("sigma", [1.0, 0.02])
def test_init_weights_has_the_asked_spread(sigma):
    """The weights of layer l are normal with mean 0 and standard deviation sigma / sqrt(n_{l-1})."""
    widths = [100, 400, 150, 300]
    for W, n_in in zip(network.init_weights(widths, sigma=sigma, rng=5), widths):
        z = W.ravel() * np.sqrt(n_in) / sigma  # standard normal; the bounds are 6 standard errors
        told = f"In the layer with {n_in} inputs the"
        wanted = sigma / np.sqrt(n_in)
        expect(abs(z.mean()) < 6 / np.sqrt(z.size), f"{told} mean is {W.mean():.3g}, expected 0.")
        spread = f"{told} standard deviation is {W.std():.3g}, expected sigma / sqrt({n_in}) = {wanted:.3g}."
        expect(abs(z.std() - 1) < 6 / np.sqrt(2 * z.size), spread)
        expect(abs((z**4).mean() - 3) < 6 * np.sqrt(96 / z.size), f"{told} numbers are not normally distributed.")


@pytest.mark.exercise("network.init_weights", row=3)
def test_init_weights_gives_the_same_weights_for_the_same_seed_only():
    """The same integer gives the same weights again, another one gives others."""
    first, again, other = (network.init_weights([4, 5, 2], sigma=1.0, rng=seed) for seed in (11, 11, 12))
    assert_matches(again, first)
    expect(not any(np.isin(a, b).any() for a, b in zip(first, other)), "Another seed gave the same numbers.")


@pytest.mark.exercise("network.init_weights", row=4)
def test_init_weights_draws_every_layer_anew():
    """No layer repeats the numbers of another one: one generator is made and drawn from layer by layer."""
    weights = network.init_weights([6, 6, 6, 6], sigma=1.0, rng=1)
    different = np.unique(np.concatenate([W.ravel() for W in weights])).size
    expect(different == 3 * 36, f"Of {3 * 36} weights only {different} are different numbers.")


@pytest.mark.exercise("network.init_weights", row=5)
def test_init_weights_leaves_the_global_generator_alone():
    """Numpy's global random state is neither used nor seeded: it belongs to the caller."""
    np.random.random()  # noqa: NPY002  # what an earlier call has seeded alike is seen too
    before = np.random.get_state()[1:3]  # noqa: NPY002
    first, second = (network.init_weights([4, 5, 2], sigma=1.0, rng=1) for _ in range(2))
    expect(all((a == b).all() for a, b in zip(first, second)), "Two calls with rng = 1 give different weights.")
    after = np.random.get_state()[1:3]  # noqa: NPY002
    expect(np.array_equal(before[0], after[0]) and before[1] == after[1], "np.random was seeded or drawn from.")


def test_init_weights_takes_a_generator_and_goes_on_from_it():
    """A numpy Generator may be given: it counts as its seed the first time, and gives new weights the second time."""
    generator = np.random.default_rng(7)
    first = network.init_weights([4, 5, 2], sigma=1.0, rng=generator)
    second = network.init_weights([4, 5, 2], sigma=1.0, rng=generator)
    assert_matches(first, network.init_weights([4, 5, 2], sigma=1.0, rng=7))
    assert not np.isin(first[0], second[0]).any()


@pytest.mark.exercise("network.forward", row=1)
def test_forward_by_hand():
    """W_1 = [[1, -1], [2, 0]] and W_2 = [[1, 1]] take x = (1, 2) to h_1 = phi(-1, 2) = (0, 2) and f = 2."""
    weights = [np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[1.0, 1.0]])]
    layers = network.forward(weights, np.array([[1.0, 2.0]]), slope=0.0)
    assert_matches(layers, [np.array([[1.0, 2.0]]), np.array([[0.0, 2.0]]), np.array([[2.0]])])


@pytest.mark.exercise("network.forward", row=2)
def test_forward_has_no_activation_after_the_last_layer():
    """Outputs may be negative: phi stands between layers only."""
    weights = [np.array([[1.0], [2.0]]), np.array([[-1.0, 1.0], [-3.0, 0.0]])]
    layers = network.forward(weights, np.array([[1.0], [2.0]]), slope=0.0)
    assert_matches(layers[-1], np.array([[1.0, -3.0], [2.0, -6.0]]))
    single = network.forward([np.array([[-5.0]])], np.array([[1.0]]), slope=0.0)
    assert_matches(single, [np.array([[1.0]]), np.array([[-5.0]])])


@pytest.mark.exercise("network.forward", row=3)
def test_forward_computes_every_layer_of_every_network(drawn):
    """Each layer is what a loop over samples and units gives, at any depth, width, slope and number of outputs."""
    weights, X, slope = drawn
    with unchanged(weights, X):
        assert_matches(network.forward(weights, X, slope=slope), oracles.forward(weights, X, slope))


@pytest.mark.exercise("network.forward", row=4)
def test_forward_is_homogeneous(drawn):
    """All weights times c > 0 give c^L times the outputs; the inputs times c give c times the outputs."""
    weights, X, slope = drawn
    c, L = 1.7, len(weights)
    f = oracles.outputs(weights, X, slope)
    assert_matches(network.forward([c * W for W in weights], X, slope=slope)[-1], c**L * f)
    assert_matches(network.forward(weights, c * X, slope=slope)[-1], c * f)


@pytest.mark.exercise("network.forward", row=5)
@pytest.mark.parametrize("slope", SLOPES)
def test_forward_keeps_single_precision(rng, slope):
    """With float32 weights and inputs every layer is float32."""
    weights, X, _ = oracles.draw_network(rng, L=3, slope=slope)
    layers = network.forward([W.astype(np.float32) for W in weights], X.astype(np.float32), slope=slope)
    assert [h.dtype for h in layers] == [np.float32] * 4
    assert_matches(layers[-1], oracles.outputs(weights, X, slope), rtol=1e-5)


def test_forward_is_relu_unless_told_otherwise():
    """The slope is 0 if none is given."""
    weights = [np.array([[-1.0]]), np.array([[1.0]])]
    assert_matches(network.forward(weights, np.array([[3.0]]))[-1], np.array([[0.0]]))
    layers = [np.array([[3.0]]), np.array([[0.0]]), np.array([[0.0]])]
    assert_matches(network.backward(weights, layers, np.array([[1.0]]))[0], np.array([[0.0]]))


@pytest.mark.exercise("network.backward", row=1)
def test_backward_by_hand():
    """B_2 is the cotangent; with h_1 = (0, 2) and W_2 = [[3, 5]] a cotangent of 2 gives B_1 = (6, 10) * (0, 1)."""
    weights = [np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[3.0, 5.0]])]
    layers = [np.array([[1.0, 2.0]]), np.array([[0.0, 2.0]]), np.array([[10.0]])]
    deltas = network.backward(weights, layers, np.array([[2.0]]), slope=0.0)
    assert_matches(deltas, [np.array([[0.0, 10.0]]), np.array([[2.0]])])


@pytest.mark.exercise("network.backward", row=2)
@pytest.mark.parametrize("slope", SLOPES)
def test_backward_takes_the_slope_at_a_kink(slope):
    """Where a preactivation is 0 exactly, its derivative is the slope."""
    weights = [np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[3.0, 5.0]])]
    layers = [np.array([[2.0, 2.0]]), np.array([[0.0, 4.0]]), np.array([[20.0]])]
    deltas = network.backward(weights, layers, np.array([[1.0]]), slope=slope)
    assert_matches(deltas, [np.array([[3 * slope, 5.0]]), np.array([[1.0]])])


@pytest.mark.exercise("network.backward", row=3)
def test_backward_is_the_derivative_by_every_preactivation(rng, drawn):
    """B_l is the derivative of sum(cotangent * f) with respect to z_l = h_{l-1} W_l^T, at every layer."""
    weights, X, slope = drawn
    layers = oracles.forward(weights, X, slope)
    cotangent = rng.standard_normal(layers[-1].shape)
    expected = []
    for l, W in enumerate(weights, start=1):

        def weighted_output(matrices, l=l):
            above = [np.eye(len(weights[l - 1])), *weights[l:]]  # a network whose first preactivation is z_l itself
            return np.sum(cotangent * oracles.outputs(above, matrices[0], slope))

        expected += oracles.differences(weighted_output, [layers[l - 1] @ W.T])
    assert_matches(network.backward(weights, layers, cotangent, slope=slope), expected)


@pytest.mark.exercise("network.backward", row=4)
def test_backward_does_not_mix_samples(rng, drawn):
    """A sample whose cotangent is zero gets zeros at every layer, and the others get what they would get alone."""
    weights, X, slope = drawn
    layers = oracles.forward(weights, np.concatenate([X, X[:1]]), slope)
    cotangent = rng.standard_normal(layers[-1].shape)
    cotangent[-1] = 0
    got = network.backward(weights, layers, cotangent, slope=slope)
    alone = oracles.deltas(weights, [h[:-1] for h in layers], cotangent[:-1], slope)
    assert_matches(got, [np.concatenate([B, np.zeros((1, B.shape[1]))]) for B in alone])


@pytest.mark.exercise("network.backward", row=5)
@pytest.mark.parametrize("slope", SLOPES)
def test_backward_changes_no_input_and_keeps_single_precision(rng, slope):
    """The weights, the layers and the cotangent hold the same numbers afterwards, and float32 gives float32."""
    weights, X, _ = oracles.draw_network(rng, L=3, C=2, slope=slope)
    weights = [W.astype(np.float32) for W in weights]
    layers = [h.astype(np.float32) for h in oracles.forward(weights, X, slope)]
    cotangent = rng.standard_normal(layers[-1].shape).astype(np.float32)
    with unchanged(weights, layers, cotangent):
        deltas = network.backward(weights, layers, cotangent, slope=slope)
    assert [B.dtype for B in deltas] == [np.float32] * 3


@pytest.mark.exercise("network.weight_gradients", row=1)
def test_weight_gradients_by_hand():
    """One layer, two samples: G = B^T X, here 2 * (1, 2) + (-1) * (3, 5) = (-1, -1)."""
    layers = [np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.0], [0.0]])]
    assert_matches(network.weight_gradients(layers, [np.array([[2.0], [-1.0]])]), [np.array([[-1.0, -1.0]])])


@pytest.mark.exercise("network.weight_gradients", row=2)
def test_weight_gradients_have_the_shapes_of_the_weights(drawn):
    """G_l has the shape of W_l, (n_l, n_{l-1}): deltas to the left, the layer below to the right."""
    weights, X, slope = drawn
    layers = oracles.forward(weights, X, slope)
    gradients = network.weight_gradients(layers, [np.ones(h.shape) for h in layers[1:]])
    assert [np.shape(G) for G in gradients] == [W.shape for W in weights]


@pytest.mark.exercise("network.weight_gradients", row=3)
def test_weight_gradients_are_the_derivatives_by_the_weights(rng, drawn):
    """G_l is the derivative of sum(cotangent * f), summed over samples, with respect to every entry of W_l."""
    weights, X, slope = drawn
    layers = oracles.forward(weights, X, slope)
    cotangent = rng.standard_normal(layers[-1].shape)
    deltas = oracles.deltas(weights, layers, cotangent, slope)
    expected = oracles.differences(lambda m: np.sum(cotangent * oracles.outputs(m, X, slope)), weights)
    with unchanged(layers, deltas):
        assert_matches(network.weight_gradients(layers, deltas), expected)


@pytest.mark.exercise("network.weight_gradients", row=4)
def test_weight_gradients_obey_euler_at_every_layer(rng, drawn):
    """sum(W_l * G_l) is sum(cotangent * f) for every single layer l: each layer enters f exactly once."""
    weights, X, slope = drawn
    layers = oracles.forward(weights, X, slope)
    cotangent = rng.standard_normal(layers[-1].shape)
    gradients = network.weight_gradients(layers, oracles.deltas(weights, layers, cotangent, slope))
    sums = [np.sum(W * G) for W, G in zip(weights, gradients)]
    assert_matches(sums, [np.sum(cotangent * layers[-1])] * len(weights))


@pytest.mark.exercise("network.weight_gradients", row=5)
def test_weight_gradients_keep_single_precision(rng):
    """With float32 layers and deltas every gradient is float32."""
    layers = [rng.standard_normal((4, n)).astype(np.float32) for n in (3, 5, 2)]
    gradients = network.weight_gradients(layers, [2 * h for h in layers[1:]])
    assert [G.dtype for G in gradients] == [np.float32] * 2


def test_the_chain_rule_of_the_oracles_agrees_with_their_differences(drawn):
    """The expected gradients themselves, found in two ways."""
    weights, X, slope = drawn
    by_differences = oracles.differences(lambda m: oracles.outputs(m, X, slope), weights)
    flat = np.concatenate([D.reshape(*D.shape[:2], -1) for D in by_differences], axis=2)
    assert_matches(oracles.jacobian(weights, X, slope), flat)
