export OPENBLAS_NUM_THREADS=1 PYTHONPATH=/tmp/w/solA
cd /tmp/w/solA
py=/tmp/w/venv/bin/python
