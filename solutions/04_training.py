"""Unit 4. Training: how the loss pulls at the weights, and what a step does.

The setting. The loss is a mean over samples of one number a sample, L = (1/P) sum_m ell(f_m, y_m), where f_m (C,) are
the outputs at x_m. Training needs the gradient of L with respect to every W_l. The chain rule splits it in two,

    dL/dW_l = sum_m sum_c  dL/df_mc * df_mc/dW_l,

and only the first factor knows which loss it is. It is the cotangent, an array (P, C). The second factor was unit 1.


loss_and_cotangent
------------------
The loss is the mean over samples of ell(f_m, y_m). Take ell of one sample and differentiate it by f_c. The cotangent
is this derivative over P.
 - mse: ell = |f - y|^2 / 2 = sum_c (f_c - y_c)^2 / 2. The 1/2 cancels the 2 of the square: f_c - y_c.
 - logistic: ell = sum_c log(1 + e^{-y_c f_c}). The derivative of the logarithm is 1 / (1 + e^{-y_c f_c}), that of its
   argument -y_c e^{-y_c f_c}. The product is -y_c / (1 + e^{y_c f_c}): near -y_c where f has the wrong sign, near 0
   where it has the right one.
 - softmax: ell = log(sum_k e^{f_k}) - y.f. The derivative of the logarithm is p_c = e^{f_c} / sum_k e^{f_k}, the
   probability of class c, that of y.f is y_c. Together p_c - y_c, which adds up to 0 over the classes.

By hand: f = log 3 and y = 1 give the logistic loss log(4/3) = 0.288 and the derivative -1/4. With two classes,
f = (log 3, 0) and y = (1, 0) give p = (3/4, 1/4), again 0.288, and (-1/4, 1/4): softmax of two classes is the logistic
loss of f_1 - f_2.

The sum over outputs stays a sum. A mean over C as well would make rates depend on the number of outputs.

Why it matters. In the silent phase f is nearly 0, so the cotangent is nearly constant in time: -y / P for mse,
-y / (2 P) for logistic, (1/C - y) / P for softmax. The early kernel knows the loss by these numbers alone. With labels
+1 and -1 the logistic loss turns it as mse does, at half the speed. On inputs with a white Gram matrix it has turned
before the losses begin to differ.

Large outputs. e^800 is beyond double precision, whose limit is about e^709, but log(1 + e^800) = 800 is not.
 - log(1 + e^u) = np.logaddexp(0, u) for every u, and 1 / (1 + e^u) = exp(-logaddexp(0, u)): nothing can overflow.
 - Adding one number to all f_c of a sample changes neither p nor, since sum_c y_c = 1, the loss. Subtract the largest
   f_c of each row: then no exponent is above 0.
 - Compute log p_c = f_c - log sum_k e^{f_k}. The logarithm of a p_c that has underflowed to 0 is -inf, and 0 * inf NaN.

Common mistakes. (P, 1) minus (P,) is a (P, P) array, and the mean of its squares is a number that looks like a loss:
when your code sees y it is (P, C), like f, so leave it so. The cotangent without 1/P, or the loss without 1/2 beside a
derivative that has it. The logistic formula for labels 0 and 1, where these are -1 and +1. A softmax along axis 0: the
classes of a sample compete with each other, not the samples.


loss_gradient
-------------
By the chain rule dL/dW_l = sum_mc c_mc df_mc/dW_l with the cotangent c = dL/df, (P, C). This sum is what the backward
pass of unit 1 computes for any cotangent. So: one forward pass, the loss at its last entry, one backward pass, the
weight gradients. No Jacobian is formed: it would be P C times as large as the gradient.

By hand: f = w.x with w = 0, rows (1, 2), (0, 1) and y = (1, 3). L = (1 + 9) / 4 = 2.5, the cotangent is (-1/2, -3/2),
and G = -1/2 (1, 2) - 3/2 (0, 1) = (-0.5, -2.5).
Check (Euler): sum(W_l * G_l) = sum(cotangent * f), the same number for every l.

Common mistakes. slope and loss have defaults: a call of forward, backward or loss_and_cotangent that does not pass them
on runs, but is right for ReLU and mse only. Dividing by P: the 1/P is in the cotangent already. A cotangent f - y is
that of mse without its mean, and a cotangent of ones gives the gradient of the sum of all outputs.


gradient_descent_step
---------------------
W_l becomes W_l - eta G_l for all l, all gradients taken at the old weights.
By hand: f = w_2 w_1 x with w_1 = 1, w_2 = 2, x = 1, y = 3. f = 2 and the cotangent is -1, so G_1 = -1 * w_2 = -2 and
G_2 = -1 * w_1 = -1. With eta = 0.1 the weights become 1.2 and 2.1, and f = 2.52.
With the new w_1 in G_2 it would be another method, which goes through the layers in turn.

Flow is the limit of small eta: d theta/dt = -grad L. A step of size eta advances t by eta, and runs with different eta
follow one curve, up to errors of order eta. Along it dL/dt = -|grad L|^2. For one output this is -c^T K c with c the
cotangent: the loss never rises, and while K is small it stands still. This is the plateau.

Too large a step does rise. For mse and a kernel that no longer changes, a step multiplies f - y by I - eta K / P. Along
an eigenvector with eigenvalue k the factor is 1 - eta k / P, and it is below -1 if eta > 2 P / k. Hence the bound
eta < 2 / lambda_max(K / P). In the example K = w_1^2 + w_2^2 = 5, and the bound is 0.4: eta = 0.5 takes f from 2 to 5.

What the step size changes. A two-layer linear network (white data, D = 30, N = 50, P = 60, s = 1) has lost half of its
loss at t = 2.05, 4.34, 6.65 for sigma = 0.1, 0.01, 0.001: log 10 = 2.30 later for each factor 10. Gradient descent with
eta = 0.1 says 2.2, 4.6, 7.0. The clock is 5 to 7 percent late, and the network it ends at is nearly the same.

The loss that is returned is the one before the step: it has been computed on the way. The loss after the step would
cost another forward pass.

Common mistakes. W -= eta * G changes the caller's array, and weights[l] = ... the caller's list. The initial weights
are needed later, for K_0 and f_0: build a new list. A step divided by P follows the same path with a wrong clock. A
copy made as np.array(W, dtype=float) is float64 even if W is float32.


span_coordinates
----------------
The gradient for W_1 is B_1^T X: each of its rows is a combination of the rows of X. So W_1 moves only in the span of
these rows, which has r = rank(X) <= min(P, D) dimensions. Take an orthonormal basis of it as the columns of Q (D, r).
Each row of X is a combination of the basis, X = Z Q^T, and Q^T Q = I gives the coefficients, Z = X Q.

The singular value decomposition has both: X = U S V^T with r non-zero s_i, so Q = V and Z = U S. S belongs to Z: only
then is Q^T Q = I, and Z Z^T = X X^T, which keeps kernels and gradients as they are.
By hand: rows (3, 4), (6, 8) have rank 1: Q = (0.6, 0.8)^T and Z = (5, 10)^T, or minus both.
The basis is not unique: its signs are free, and any rotation of it would do. The tests ask for what must hold.

Training in these coordinates. Let V_1 = W_1 Q, (N, r). The preactivations are X W_1^T = Z V_1^T, so outputs, loss and
B_1 depend on W_1 through V_1 only. A step turns it into W_1 Q - eta B_1^T X Q = V_1 - eta B_1^T Z: gradient descent on
Z. At the end W_1(t) = W_1(0) + [V_1(t) - V_1(0)] Q^T. The rest of W_1 never moves. The training rows do not see it,
but test points do. With P = 50 colour images of 3072 pixels the first layer becomes 60 times cheaper.

The rank. Computed singular values of dependent rows are not 0, but of the order of the rounding error eps * s_1, with
eps = 2e-16 in double and 1e-7 in single precision. So the cut is relative to s_1, and it knows the precision:
s_i > s_1 max(P, D) eps, with eps = np.finfo(X.dtype).eps.

Common mistakes. V^T of np.linalg.svd is not V. S may not go to Q: Z Q^T is still X, but Q^T Q is no longer I. No cut,
or np.linalg.qr(X.T), gives min(P, D) columns whatever the rank is. A cut such as 1e-10 depends on the units of X.
"""

import numpy as np

from minintk import network, training
from minintk.training import gradient_descent_step, loss_and_cotangent, loss_gradient, span_coordinates  # noqa: F401


def wrong_loss_sums(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return len(f) * value, len(f) * cotangent


def wrong_loss_without_half(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).sum() / len(f), 2 * (f - y) / len(f)


def wrong_loss_half_in_cotangent_only(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).sum() / len(f), (f - y) / len(f)


def wrong_loss_mean_over_outputs(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).mean() / 2, (f - y) / f.size


def wrong_loss_broadcasts(f, y, loss="mse"):
    if loss != "mse" or f.shape[1] > 1:
        return loss_and_cotangent(f, y, loss)
    residual = f - y.ravel()
    return (residual**2).sum() / (2 * len(f)), residual / len(f)


def wrong_loss_cotangent_not_mean(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return value, len(f) * cotangent


def wrong_loss_target_minus_output(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return value, -cotangent


def wrong_loss_value_only(f, y, loss="mse"):
    return loss_and_cotangent(f, y, loss)[0]


def wrong_logistic_for_labels_0_and_1(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return (np.logaddexp(0, f) - y * f).sum() / len(f), (1 / (1 + np.exp(-f)) - y) / len(f)


def wrong_logistic_without_inner_derivative(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return np.logaddexp(0, -y * f).sum() / len(f), -np.exp(-np.logaddexp(0, y * f)) / len(f)


def wrong_logistic_probability_of_the_label(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return np.logaddexp(0, -y * f).sum() / len(f), -y * np.exp(-np.logaddexp(0, -y * f)) / len(f)


def wrong_logistic_overflows(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(over="ignore"):
        return np.log(1 + np.exp(-y * f)).sum() / len(f), -y / (1 + np.exp(y * f)) / len(f)


def wrong_softmax_overflows(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(all="ignore"):
        p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
        return -(y * np.log(p)).sum() / len(f), (p - y) / len(f)


def wrong_softmax_over_samples(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    log_p = f - np.logaddexp.reduce(f, axis=0)
    return -(y * log_p).sum() / len(f), (np.exp(log_p) - y) / len(f)


def wrong_softmax_one_maximum(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(all="ignore"):
        e = np.exp(f - f.max())
        p = e / e.sum(axis=1, keepdims=True)
        return -np.log(p[y > 0]).sum() / len(f), (p - y) / len(f)


def wrong_gradient_of_residual(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, len(X) * cotangent, slope)
    return value, network.weight_gradients(layers, deltas)


def wrong_gradient_mean_twice(weights, X, y, slope=0.0, loss="mse"):
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return value, [G / len(X) for G in gradients]


def wrong_gradient_downhill(weights, X, y, slope=0.0, loss="mse"):
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return value, [-G for G in gradients]


def wrong_gradient_of_outputs(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, np.ones_like(cotangent), slope)
    return value, network.weight_gradients(layers, deltas)


def wrong_gradient_outputs_of_layers(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, cotangent, slope)
    return value, [B.T @ h for B, h in zip(deltas, layers[1:])]


def wrong_gradient_backward_without_slope(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    return value, network.weight_gradients(layers, network.backward(weights, layers, cotangent))


def wrong_gradient_without_slope(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, loss=loss)


def wrong_gradient_always_mse(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, slope)


def wrong_gradient_without_value(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, slope, loss)[1]


def wrong_step_uphill(weights, X, y, step_size, slope=0.0, loss="mse"):
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    return [W + step_size * G for W, G in zip(weights, gradients)], value


def wrong_step_in_place(weights, X, y, step_size, slope=0.0, loss="mse"):
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    for W, G in zip(weights, gradients):
        W -= step_size * G
    return weights, value


def wrong_step_layer_by_layer(weights, X, y, step_size, slope=0.0, loss="mse"):
    weights, value = list(weights), training.loss_gradient(weights, X, y, slope, loss)[0]
    for l in range(len(weights)):
        weights[l] = weights[l] - step_size * training.loss_gradient(weights, X, y, slope, loss)[1][l]
    return weights, value


def wrong_step_loss_after(weights, X, y, step_size, slope=0.0, loss="mse"):
    after = gradient_descent_step(weights, X, y, step_size, slope, loss)[0]
    return after, training.loss_gradient(after, X, y, slope, loss)[0]


def wrong_step_mean_twice(weights, X, y, step_size, slope=0.0, loss="mse"):
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    return [W - step_size / len(X) * G for W, G in zip(weights, gradients)], value


def wrong_step_without_slope(weights, X, y, step_size, slope=0.0, loss="mse"):
    return gradient_descent_step(weights, X, y, step_size, loss=loss)


def wrong_step_always_mse(weights, X, y, step_size, slope=0.0, loss="mse"):
    return gradient_descent_step(weights, X, y, step_size, slope)


def wrong_step_weights_only(weights, X, y, step_size, slope=0.0, loss="mse"):
    return gradient_descent_step(weights, X, y, step_size, slope, loss)[0]


def wrong_step_double_precision(weights, X, y, step_size, slope=0.0, loss="mse"):
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    return [np.array(W, dtype=float) - step_size * G for W, G in zip(weights, gradients)], value


def wrong_span_without_singular_values(X):
    Z, Q = span_coordinates(X)
    return Z / np.linalg.norm(Z, axis=0), Q


def wrong_span_rows(X):
    Z, Q = span_coordinates(X)
    return Z, Q.T


def wrong_span_swapped(X):
    Z, Q = span_coordinates(X)
    return Q, Z


def wrong_span_centred(X):
    return span_coordinates(X - X.mean(axis=0))


def wrong_span_singular_values_in_basis(X):
    Z, Q = span_coordinates(X)
    S = np.linalg.norm(Z, axis=0)
    return Z / S, Q * S


def wrong_span_qr(X):
    Q, R = np.linalg.qr(X.T)
    return R.T, Q


def wrong_span_counts_rows(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    return U * S, Vt.T


def wrong_span_absolute_cut(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    kept = S > 1e-10
    return (U * S)[:, kept], Vt[kept].T


def wrong_span_double_precision_cut(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    kept = S > 1e-12 * S[0]
    return (U * S)[:, kept], Vt[kept].T


def wrong_span_double_precision(X):
    return span_coordinates(X.astype(float))


MISTAKES = [
    ("loss_and_cotangent", "sums over samples", wrong_loss_sums, "P times the expected"),
    ("loss_and_cotangent", "mse without the 1/2", wrong_loss_without_half, "2 times the expected"),
    ("loss_and_cotangent", "1/2 in the derivative only", wrong_loss_half_in_cotangent_only, "wrong only in [0]"),
    ("loss_and_cotangent", "mean over outputs as well", wrong_loss_mean_over_outputs, "1/C times the expected"),
    ("loss_and_cotangent", "(P, 1) minus (P,) is (P, P)", wrong_loss_broadcasts, "has shape"),
    ("loss_and_cotangent", "cotangent without 1/P", wrong_loss_cotangent_not_mean, "wrong only in [1]"),
    ("loss_and_cotangent", "y - f for f - y", wrong_loss_target_minus_output, "sign is flipped"),
    ("loss_and_cotangent", "returns the loss alone", wrong_loss_value_only, "returned a float"),
    ("loss_and_cotangent", "logistic loss of labels 0, 1", wrong_logistic_for_labels_0_and_1, "entries of the list"),
    (
        "loss_and_cotangent",
        "logistic derivative without the factor y",
        wrong_logistic_without_inner_derivative,
        "wrong only in [1]",
    ),
    (
        "loss_and_cotangent",
        "logistic derivative with 1 / (1 + e^{-y f})",
        wrong_logistic_probability_of_the_label,
        "wrong only in [1]",
    ),
    ("loss_and_cotangent", "log(1 + exp(u)) of a large u", wrong_logistic_overflows, "wrong only in [0]"),
    ("loss_and_cotangent", "exp(f) of a large f", wrong_softmax_overflows, "NaN"),
    (
        "loss_and_cotangent",
        "softmax over samples, not outputs",
        wrong_softmax_over_samples,
        "All entries of the list are wrong",
    ),
    ("loss_and_cotangent", "one maximum for all samples, log of p = 0", wrong_softmax_one_maximum, "NaN"),
    ("loss_gradient", "derivative by f without 1/P", wrong_gradient_of_residual, "P times the expected"),
    ("loss_gradient", "divides by P once more", wrong_gradient_mean_twice, "1/P times the expected"),
    ("loss_gradient", "minus the gradient", wrong_gradient_downhill, "sign is flipped"),
    ("loss_gradient", "cotangent of ones: gradient of sum f", wrong_gradient_of_outputs, "wrong only in [1]"),
    ("loss_gradient", "outputs of the layers for their inputs", wrong_gradient_outputs_of_layers, "has shape"),
    ("loss_gradient", "no slope in the backward pass", wrong_gradient_backward_without_slope, "wrong only in [1]"),
    ("loss_gradient", "no slope in both passes", wrong_gradient_without_slope, "right for slope = 0"),
    ("loss_gradient", "mse whatever the loss", wrong_gradient_always_mse, "right for loss = 'mse'"),
    ("loss_gradient", "returns the gradients alone", wrong_gradient_without_value, "returned 1 thing"),
    ("gradient_descent_step", "goes uphill", wrong_step_uphill, "wrong only in [0]"),
    ("gradient_descent_step", "W -= step_size * G", wrong_step_in_place, "was changed in place"),
    ("gradient_descent_step", "one layer after the other", wrong_step_layer_by_layer, "wrong only in [0][1]"),
    ("gradient_descent_step", "the loss after the step", wrong_step_loss_after, "wrong only in [1]"),
    ("gradient_descent_step", "divides by P once more", wrong_step_mean_twice, "wrong only in [0]"),
    (
        "gradient_descent_step",
        "does not pass the slope on",
        wrong_step_without_slope,
        "right for slope = 0",
    ),
    ("gradient_descent_step", "does not pass the loss on", wrong_step_always_mse, "right for loss = 'mse'"),
    ("gradient_descent_step", "returns the weights alone", wrong_step_weights_only, "returned 1 thing"),
    ("gradient_descent_step", "copies the weights as float64", wrong_step_double_precision, "float32"),
    ("span_coordinates", "U instead of U S", wrong_span_without_singular_values, "Z Q^T is X again"),
    ("span_coordinates", "V^T instead of V", wrong_span_rows, "Z (P, r) and Q (D, r)"),
    ("span_coordinates", "Q first, then Z", wrong_span_swapped, "Z (P, r) and Q (D, r)"),
    ("span_coordinates", "centres the rows", wrong_span_centred, "Z Q^T is X again"),
    ("span_coordinates", "S goes to Q instead of Z", wrong_span_singular_values_in_basis, "Q^T Q is the identity"),
    ("span_coordinates", "QR of X^T: no rank", wrong_span_qr, "Rows that depend on each other"),
    ("span_coordinates", "keeps all min(P, D)", wrong_span_counts_rows, "Rows that depend on each other"),
    ("span_coordinates", "an absolute cut", wrong_span_absolute_cut, "whatever the scale"),
    ("span_coordinates", "a cut of 1e-12 for float32", wrong_span_double_precision_cut, "rounding noise"),
    ("span_coordinates", "makes everything float64", wrong_span_double_precision, "float32"),
]
