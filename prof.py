import sys,time,itertools,importlib.util,cProfile,pstats
sys.path[:0]=['.','tests']
sys.path.insert(0,'tests/library')
import test_mistakes as tm
from minintk.course import check,examine
f=tm.texts.__wrapped__ if hasattr(tm.texts,'__wrapped__') else tm.texts.__pytest_wrapped__.obj
t=time.time(); pr=cProfile.Profile(); pr.enable(); f(); pr.disable(); print(time.time()-t)
s=pstats.Stats(pr); s.sort_stats('cumulative').print_stats(60)
