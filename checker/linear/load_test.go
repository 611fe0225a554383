package linear

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestHistories decides small files as people write them.
func TestHistories(t *testing.T) {
	for _, c := range []struct {
		name, model, text string
		want              checker.Result
		reason            string // part of the reason
	}{
		{"stale read", "register", `{:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :ok :f :write :value 1}
{:process 0 :type :invoke :f :write :value 2}
{:process 0 :type :ok :f :write :value 2}
{:process 1 :type :invoke :f :read :value nil}
{:process 1 :type :ok :f :read :value 1}`, checker.Violation, "so 1 was there both before and after 2"},
		{"unknown write explains", "register", `{:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :info :f :write :value 1 :error :timeout}
{:process :nemesis :type :info :f :kill :value nil}
{:process 1 :type :invoke :f :read :value nil}
{:process 1 :type :ok :f :read :value nil}
{:process 1 :type :invoke :f :read :value nil}
{:process 1 :type :ok :f :read :value 1}`, checker.Valid, ""},
		{"failed write seen", "register", `{:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :fail :f :write :value 1}
{:process 1 :type :invoke :f :read :value nil}
{:process 1 :type :ok :f :read :value 1}`, checker.Violation, "which no client had written"},
		{"independent keys", "cas-register", `[{:process 0 :type :invoke :f :write :value [5 1]}
{:process 0 :type :ok :f :write :value [5 1]}
{:process 1 :type :invoke :f :cas :value [5 [1 2]]}
{:process 1 :type :ok :f :cas :value [5 [1 2]]}
{:process 1 :type :invoke :f :read :value [6 nil]}
{:process 1 :type :ok :f :read :value [6 nil]}
{:process 1 :type :invoke :f :read :value [5 nil]}
{:process 1 :type :ok :f :read :value [5 1]}]`, checker.Violation, "took away the value 1"},
		{"ownerless", "mutex", `{:process 0 :type :invoke :f :acquire}
{:process 0 :type :ok :f :acquire}
{:process 1 :type :invoke :f :release}
{:process 1 :type :ok :f :release}
{:process 1 :type :invoke :f :acquire}
{:process 1 :type :ok :f :acquire}`, checker.Valid, ""},
		{"owned", "lock", `{:process 0 :type :invoke :f :acquire}
{:process 0 :type :ok :f :acquire}
{:process 1 :type :invoke :f :release}
{:process 1 :type :ok :f :release}`, checker.Violation, "process 1 released what it did not hold"},
		{"two permits", "semaphore:2", `{:process 0 :type :invoke :f :acquire}
{:process 0 :type :ok :f :acquire}
{:process 1 :type :invoke :f :acquire}
{:process 1 :type :ok :f :acquire}
{:process 2 :type :invoke :f :acquire}
{:process 2 :type :ok :f :acquire}`, checker.Violation, "with 2 permits there is no order"},
		{"permits at once", "semaphore:5", `{:process 0 :type :invoke :f :acquire :value 3}
{:process 0 :type :ok :f :acquire :value 3}
{:process 1 :type :invoke :f :acquire :value 3}
{:process 1 :type :ok :f :acquire :value 3}`, checker.Violation, "acquire of 3"},
		{"own queue", "queue", `{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"queue"}}
{"index":1,"time":1,"process":0,"client":0,"type":"invoke","f":"enqueue","key":"q","value":{"item":"a"}}
{"index":2,"time":2,"process":0,"client":0,"type":"ok","f":"enqueue","key":"q"}
{"index":3,"time":3,"process":0,"client":0,"type":"invoke","f":"enqueue","key":"q","value":{"item":"b"}}
{"index":4,"time":4,"process":0,"client":0,"type":"ok","f":"enqueue","key":"q"}
{"index":5,"time":5,"process":1,"client":1,"type":"invoke","f":"dequeue","key":"q"}
{"index":6,"time":6,"process":1,"client":1,"type":"ok","f":"dequeue","key":"q","value":{"item":"b"}}`, checker.Violation, `"a" went in and never came out, though "b", which went in after it, came out`},
		{"drain", "queue", `{:process 0 :type :invoke :f :enqueue :value 1}
{:process 0 :type :ok :f :enqueue :value 1}
{:process 0 :type :invoke :f :enqueue :value 2}
{:process 0 :type :ok :f :enqueue :value 2}
{:process 1 :type :invoke :f :drain}
{:process 1 :type :ok :f :drain :value [1 2]}`, checker.Valid, ""},
		{"lost", "set", `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}
{:process 1 :type :invoke :f :add :value 2}
{:process 1 :type :info :f :add :value 2}
{:process 0 :type :invoke :f :read}
{:process 0 :type :ok :f :read :value #{2}}`, checker.Violation, "1 is missing in"},
		{"set not read", "set", `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}`, checker.Unknown, "never read"},
		{"lost update", "counter", `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}
{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}
{:process 0 :type :invoke :f :read}
{:process 0 :type :ok :f :read :value 1}`, checker.Violation, "more adds than it shows"},
		{"ties are concurrent", "register", `{"process":0,"time":1,"type":"invoke","f":"write","value":1}
{"process":0,"time":2,"type":"ok","f":"write"}
{"process":0,"time":3,"type":"invoke","f":"write","value":2}
{"process":0,"time":4,"type":"ok","f":"write"}
{"process":1,"time":4,"type":"invoke","f":"read"}
{"process":1,"time":5,"type":"ok","f":"read","value":1}`, checker.Valid, ""},
		{"no times are no ties", "register", `{"process":0,"time":1,"type":"invoke","f":"write","value":1}
{"process":0,"type":"ok","f":"write"}
{"process":0,"type":"invoke","f":"write","value":2}
{"process":0,"type":"ok","f":"write"}
{"process":1,"type":"invoke","f":"read"}
{"process":1,"type":"ok","f":"read","value":1}`, checker.Violation, "both before and after 2"},
		{"append", "kv", `{:process 0, :type :invoke, :f :append, :key "a", :value "x"}
{:process 0, :type :ok, :f :append, :key "a", :value "x"}
{:process 0, :type :invoke, :f :get, :key "a", :value nil}
{:process 0, :type :ok, :f :get, :key "a", :value "x"}
{:process 0, :type :invoke, :f :get, :key "a", :value nil}
{:process 0, :type :ok, :f :get, :key "a", :value ""}`, checker.Violation, ""},
		{"nothing", "register", `[]`, checker.Unknown, "no operations"},
		{"nobody called anything", "register", `[{:process :nemesis :type :info :f :kill :value nil}]`, checker.Valid, ""},
		{"own run without operations", "queue", `{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"queue"}}`, checker.Unknown, "no operations"},
		{"pairs as items", "queue", `{:process 0 :type :invoke :f :enqueue :value [1 2]}
{:process 0 :type :ok :f :enqueue :value [1 2]}
{:process 0 :type :invoke :f :enqueue :value [2 2]}
{:process 0 :type :ok :f :enqueue :value [2 2]}
{:process 1 :type :invoke :f :dequeue :value nil}
{:process 1 :type :ok :f :dequeue :value [1 2]}`, checker.Valid, ""},
		{"pairs as items, in the wrong order", "queue", `{:process 0 :type :invoke :f :enqueue :value [1 2]}
{:process 0 :type :ok :f :enqueue :value [1 2]}
{:process 0 :type :invoke :f :enqueue :value [2 2]}
{:process 0 :type :ok :f :enqueue :value [2 2]}
{:process 1 :type :invoke :f :dequeue :value nil}
{:process 1 :type :ok :f :dequeue :value [2 2]}`, checker.Violation, "[1 2] went in and never came out"},
		{"failed add is there", "set", `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :fail :f :add :value 1}
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value #{1}}`, checker.Valid, ""},
		{"failed add is there, linear", "linear-set", `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :fail :f :add :value 1}
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value #{1}}`, checker.Violation, "which no process had added (an add that failed"},
		{"nobody tried to add", "set", `{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value #{30}}`, checker.Violation, "30, which no process had tried to add"},
		{"lost in the total", "total-queue", `{:process 0 :type :invoke :f :enqueue :value 1}
{:process 0 :type :ok :f :enqueue :value 1}
{:process 0 :type :invoke :f :enqueue :value 2}
{:process 0 :type :ok :f :enqueue :value 2}
{:process 1 :type :invoke :f :drain}
{:process 1 :type :ok :f :drain :value [2]}`, checker.Violation, "1 went in 1 time for certain and came out 0 times"},
		{"nowhere in the total", "total-queue", `{:process 1 :type :invoke :f :dequeue}
{:process 1 :type :ok :f :dequeue :value 2}`, checker.Violation, "no process had tried to enqueue that"},
		{"twice, failed, unknown, none", "total-queue", `{:process 0 :type :invoke :f :enqueue :value 1}
{:process 0 :type :ok :f :enqueue :value 1}
{:process 0 :type :invoke :f :enqueue :value 2}
{:process 0 :type :fail :f :enqueue :value 2}
{:process 0 :type :invoke :f :enqueue :value 3}
{:process 0 :type :info :f :enqueue :value 3}
{:process 1 :type :invoke :f :dequeue}
{:process 1 :type :ok :f :dequeue :value nil}
{:process 1 :type :invoke :f :drain}
{:process 1 :type :ok :f :drain :value [2 1 1]}`, checker.Valid, ""},
		{"reads that go back", "counter-bounds", `{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :info :f :add :value 2}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 2}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 0}`, checker.Valid, ""},
		{"reads that go back, linear", "counter", `{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :info :f :add :value 2}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 2}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 0}`, checker.Violation, ""},
		{"more than was added", "counter-bounds", `{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :ok :f :add :value 2}
{:process 0 :type :invoke :f :add :value 5}
{:process 0 :type :fail :f :add :value 5}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 3}`, checker.Violation, "it can have been from 2 to 2"},
		{"less than was added", "counter-bounds", `{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :ok :f :add :value 2}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 0}`, checker.Violation, "it can have been from 2 to 2"},
		{"key and value in a map", "register", `{:process 0 :type :invoke :f :write :value #jepsen.independent.Tuple{:key 3 :value 7}}
{:process 0 :type :ok :f :write :value #jepsen.independent.Tuple{:key 3 :value 7}}
{:process 0 :type :invoke :f :read :value #jepsen.independent.Tuple{:key 4 :value nil}}
{:process 0 :type :ok :f :read :value #jepsen.independent.Tuple{:key 4 :value nil}}
{:process 0 :type :invoke :f :read :value {:value nil :key 3}}
{:process 0 :type :ok :f :read :value {:value 7 :key 3}}`, checker.Valid, ""},
		{"key and value in a map, stale", "register", `{"process":0,"type":"invoke","f":"write","value":{"key":"a","value":7}}
{"process":0,"type":"ok","f":"write","value":{"key":"a","value":7}}
{"process":0,"type":"invoke","f":"read","value":{"key":"a","value":null}}
{"process":0,"type":"ok","f":"read","value":{"key":"a","value":null}}`, checker.Violation, ""},
		{"set by key", "set", `{:process 0 :type :invoke :f :add :value [7 1]}
{:process 0 :type :ok :f :add :value [7 1]}
{:process 0 :type :invoke :f :read :value [7 nil]}
{:process 0 :type :ok :f :read :value [7 [1]]}`, checker.Valid, ""},
		{"value in ok", "register", `{:process 0 :type :invoke :f :write :value nil}
{:process 0 :type :ok :f :write :value 1}
{:process 1 :type :invoke :f :read :value nil}
{:process 1 :type :ok :f :read :value 1}`, checker.Valid, ""},
		{"versions as etcd's tests write them", "register", `{:process 0 :type :invoke :f :write :value [7 [nil 3]]}
{:process 0 :type :ok :f :write :value [7 [1 3]]}
{:process 1 :type :invoke :f :read :value [7 [nil nil]]}
{:process 1 :type :ok :f :read :value [7 [1 3]]}`, checker.Valid, ""},
		{"versions without keys", "register", `{:process 0 :type :invoke :f :write :value [nil 3]}
{:process 0 :type :ok :f :write :value [1 3]}
{:process 1 :type :invoke :f :read :value [nil nil]}
{:process 1 :type :ok :f :read :value [1 4]}`, checker.Violation, "which no client had written"},
		{"versions of a write of unknown outcome", "register", `{:process 0 :type :invoke :f :write :value [nil 3]}
{:process 0 :type :ok :f :write :value [1 3]}
{:process 2 :type :invoke :f :write :value [nil 4]}
{:process 2 :type :info :f :write :value [nil 4]}
{:process 1 :type :invoke :f :read :value [nil nil]}
{:process 1 :type :ok :f :read :value [2 4]}`, checker.Unknown, "an operation of unknown outcome may have been called with another value than its invocation says"},
		{"a cas that is answered by false", "cas-register", `{"process":0,"type":"invoke","f":"cas","value":[5,2]}
{"process":0,"type":"ok","f":"cas","value":false}
{"process":1,"type":"invoke","f":"read"}
{"process":1,"type":"ok","f":"read","value":2}`, checker.Violation, "which no client had written"},
		{"a lock that is refused by false", "mutex", `{"process":0,"type":"invoke","f":"acquire"}
{"process":0,"type":"ok","f":"acquire","value":true}
{"process":1,"type":"invoke","f":"acquire"}
{"process":1,"type":"ok","f":"acquire","value":false}`, checker.Valid, ""},
		{"a deleted key", "kv", `{"process":0,"type":"invoke","f":"put","key":"x","value":1}
{"process":0,"type":"ok","f":"put","key":"x"}
{"process":0,"type":"invoke","f":"delete","key":"x"}
{"process":0,"type":"ok","f":"delete","key":"x","value":true}
{"process":1,"type":"invoke","f":"get","key":"x"}
{"process":1,"type":"ok","f":"get","key":"x","value":1}`, checker.Violation, ""},
		{"names", "lock", `{"process":"a","type":"invoke","f":"acquire"}
{"process":"a","type":"ok","f":"acquire"}
{"process":"nemesis","type":"info","f":"kill"}
{"process":"b","type":"invoke","f":"acquire"}
{"process":"b","type":"info"}
{"process":"a","type":"invoke","f":"release"}
{"process":"a","type":"ok","f":"release"}`, checker.Valid, ""},
		{"wrapped", "register", `{"test":{"ops":[]},"history":[
{"process":0,"type":"invoke","f":"write","value":1},
{"process":0,"type":"ok","f":"write","value":1},
{"process":1,"type":"invoke","f":"read"},
{"process":1,"type":"ok","f":"read","value":null}],"valid":true}`, checker.Violation, ""},
		{"comma-separated", "register", "process,type,f,value,time\n0,invoke,write,1,1.0\n0,ok,write,,2.5\n\"1\",invoke,read,,3.0\n1,ok,read,null,4.0\n", checker.Violation, ""},
		{"comma-separated operations", "register", "f,process,start,end,value,output\nwrite,0,1,2,\"[1,2]\",OK\nread,1,3,4,,\"[1 2]\"\n", checker.Valid, ""},
		{"porcupine's events", "kv", `{"ClientId":0,"Kind":false,"Value":{"Op":"put","Key":"x","Value":"a"},"Id":0}
{"ClientId":1,"Kind":false,"Value":{"Op":"get","Key":"x","Value":""},"Id":1}
{"ClientId":0,"Kind":true,"Value":{"Err":"OK"},"Id":0}
{"ClientId":1,"Kind":true,"Value":{"Value":"a","Err":"OK"},"Id":1}
{"ClientId":1,"Kind":false,"Value":{"Op":"get","Key":"x","Value":""},"Id":2}
{"ClientId":1,"Kind":true,"Value":{"Value":"","Err":"ErrNoKey"},"Id":2}`, checker.Violation, ""},
		{"keys that are not there", "kv", `{"ClientId":0,"Input":{"Op":"append","Key":"x","Value":"a"},"Call":1,"Output":{"Err":"ErrNoKey"},"Return":2}
{"ClientId":0,"Input":{"Op":"get","Key":"x"},"Call":3,"Output":{"Value":"","Err":"ErrNoKey"},"Return":4}
{"ClientId":0,"Input":{"Op":"put","Key":"x","Value":"a"},"Call":5,"Output":{"Err":"OK"},"Return":6}
{"ClientId":0,"Input":{"Op":"put","Key":"x","Value":"b"},"Call":7,"Output":{"Err":"ErrVersion"},"Return":8}
{"ClientId":0,"Input":{"Op":"get","Key":"x"},"Call":9,"Output":{"Value":"a","Err":"OK"},"Return":10}`, checker.Valid, ""},
		{"a key that is not there any more", "kv", `{"ClientId":0,"Input":{"Op":"put","Key":"x","Value":"a"},"Call":5,"Output":{"Ok":true,"Exists":false,"Value":"","Unknown":false},"Return":6}
{"ClientId":0,"Input":{"Op":"get","Key":"x"},"Call":9,"Output":{"Value":"","found":false},"Return":10}`, checker.Violation, ""},
		{"porcupine's events without clients", "register", `{"Kind":false,"Value":{"Op":"write","Value":1},"Id":0}
{"Kind":false,"Value":{"Op":"read"},"Id":1}
{"Kind":true,"Value":null,"Id":0}
{"Kind":true,"Value":1,"Id":1}`, checker.Valid, ""},
		{"set read without a key", "set", `{:process 0 :type :invoke :f :add :value [7 1]}
{:process 0 :type :ok :f :add :value [7 1]}
{:process 0 :type :invoke :f :read :value [7 nil]}
{:process 0 :type :ok :f :read :value [1 2]}`, checker.Violation, "shows 1, which no process had tried to add"},
		{"other names", "cas-register", `{:process 0 :type :invoke :f :w :value 1}
{:process 0 :type :ok :f :w :value 1}
{:process 1 :type :invoke :f :compare-and-set :value [1 2]}
{:process 1 :type :ok :f :compare-and-set :value [1 2]}
{:process 0 :type :invoke :f :r :value nil}
{:process 0 :type :ok :f :r :value 1}`, checker.Violation, "took away the value 1"},
		{"crash", "register", `{:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :info :f :crash}
{:process 1 :type :invoke :f :read}
{:process 1 :type :info}
{:process 2 :type :invoke :f :read}
{:process 2 :type :ok :f :read :value 1}`, checker.Valid, ""},
		{"failed cas of a newer log", "cas-register", `INFO [2019-04-01 11:25:23,719] jepsen worker 0 - jepsen.util 0	:invoke	:write	1
INFO [2019-04-01 11:25:23,719] jepsen worker 0 - jepsen.util 0	:ok	:write	1
INFO [2019-04-01 11:25:23,719] jepsen worker 0 - jepsen.util 0	:invoke	:cas	[1 2]
INFO [2019-04-01 11:25:23,719] jepsen worker 0 - jepsen.util 0	:fail	:cas	[1 2]`, checker.Valid, ""},
		{"failed cas of an older log", "cas-register", `INFO  jepsen.util - 0	:invoke	:write	1
INFO  jepsen.util - 0	:ok	:write	1
INFO  jepsen.util - 0	:invoke	:cas	[1 2]
INFO  jepsen.util - 0	:fail	:cas	[1 2]`, checker.Violation, ""},
		{"failed cas that is explained", "cas-register", `INFO  jepsen.util - 0	:invoke	:write	1
INFO  jepsen.util - 0	:ok	:write	1
INFO  jepsen.util - 0	:invoke	:cas	[1 2]
INFO  jepsen.util - 0	:fail	:cas	[1 2]	:connection-refused`, checker.Valid, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Check(context.Background(), load(t, c.model, []byte(c.text)), Options{})
			if r.Verdict != c.want || !strings.Contains(r.Verdicts[0].Reason, c.reason) {
				t.Errorf("%s: %+v, want %s because %q", r.Verdict, r.Verdicts[0], c.want, c.reason)
			}
		})
	}
}

// TestLoadErrors checks that errors name the line and what was expected.
func TestLoadErrors(t *testing.T) {
	const begin = "{:process 0 :type :invoke :f :write :value 1}\n"
	for _, c := range []struct{ name, model, text, want string }{
		{"other operation", "register", begin + "{:process 1 :type :invoke :f :cas :value [1 2]}", `line 2: operation "cas" is none of model register, which has read, write; models that have cas: cas-register, kv`},
		{"no invocation", "register", "{:process 1 :type :ok :f :read :value 1}", "line 1: ok of process 1, which has no open operation"},
		{"two open", "register", begin + begin, "line 2: process 0 invokes write while its write of line 1 is still open"},
		{"other completion", "register", begin + "{:process 0 :type :ok :f :read :value 1}", "line 2: process 0 completes read, but what it invoked in line 1 is write"},
		{"cas", "cas-register", "{:process 0 :type :invoke :f :cas :value 1}", "line 1: the value of a cas is 1: expected [old new]"},
		{"key", "kv", begin, "line 1: write has no key"},
		{"pair", "register", "{:process 0 :type :invoke :f :read :value [1 nil]}\n{:process 0 :type :ok :f :read :value 1}", "line 2: the value is 1: expected [1 value]"},
		{"info of nothing", "register", "{:process 0 :type :info}", "line 1: info of process 0, which has no open operation"},
		{"a stack's operation", "queue", "{:process 1 :type :invoke :f :push :value 1}", `line 1: operation "push" is none of model queue, which has enqueue, dequeue, drain; models that have push: stack; if it is one of these by another name, say so: --rename push=enqueue`},
		{"a counter's operation", "cas-register", "{:process 0 :type :invoke :f :add :value 1}", `line 1: operation "add" is none of model cas-register, which has read, write, cas; models that have add: set, final-set, linear-set, set-full, set-full-linearizable, counter, counter-bounds`},
		{"no such operation", "queue", "{:process 0 :type :invoke :f :r}", `line 1: operation "r" is none of model queue`},
		{"client with a name beside a number", "register", begin + "{:process \"b\" :type :invoke :f :read}", `line 2: :process is "b", and its event is :invoke: clients must be numbers, or all have names`},
		{"other value", "register", `{"process":0,"type":"invoke","f":"write","value":1}` + "\n" + `{"process":0,"type":"ok","f":"write","value":2}`, "line 2: the value of write is 2, but in the invocation in line 1 it is 1"},
		{"other pair", "cas-register", "{:process 0 :type :invoke :f :cas :value [1 2]}\n{:process 0 :type :ok :f :cas :value [1 3]}", "line 2: the value of cas is [1 3], but in the invocation in line 1 it is [1 2]"},
		{"other key", "register", `{"process":0,"type":"invoke","f":"write","key":"a","value":1}` + "\n" + `{"process":0,"type":"ok","f":"write","key":"b","value":1}`, `line 2: the key is "b", but in the invocation in line 1 it is "a"`},
		{"other key in a pair", "register", "{:process 0 :type :invoke :f :write :value [1 2]}\n{:process 0 :type :ok :f :write :value [3 2]}\n{:process 0 :type :invoke :f :read :value [1 nil]}", "line 2: the value is [3 2]: expected [1 value], as in the invocation in line 1"},
		{"new value of a counter", "counter", "{:process 0 :type :invoke :f :add :value 2}\n{:process 0 :type :ok :f :add :value 5}", "line 2: the value of add is 5, but in the invocation in line 1 it is 2: if this is the new value of the counter, say --rename add=add-and-get"},
		{"increments that repeat", "counter", "{:process 0 :type :invoke :f :inc :value 1}\n{:process 0 :type :ok :f :inc :value 1}\n{:process 0 :type :invoke :f :inc :value 1}\n{:process 0 :type :ok :f :inc :value 1}", "line 4: the value of inc is 1, as in the invocation in line 3, and so it was in line 2: if this is what was added, say --rename inc=add; if it is the new value of the counter, say --rename inc=add-and-get"},
		{"a key elsewhere", "kv", `{"process":0,"type":"invoke","f":"put","path":"/a","value":1}`, "line 1: put has no key: expected a field key, or the value [key value]; if path is the key, say --field path=key"},
		{"refused for unknown reasons", "linear-set", "{:process 0 :type :invoke :f :add :value 2}\n{:process 0 :type :ok :f :add :value false}", "line 2: the value of add is false, but in the invocation in line 1 it is 2"},
		{"two values in a line", "queue", `{"process":0,"type":"invoke","f":"enqueue","value":1,"item":2}`, "line 1: value is 1, but item is 2: say which one does not count, as in --field item=ignore"},
		{"two outcomes in a line", "register", begin + "{:process 0 :type :ok :f :write :ok false}", "line 2: :type is ok, but :ok is false: say which one does not count, as in --field ok=ignore"},
		{"outcome that is none", "register", `{"process":0,"f":"write","value":1,"start":1,"end":2,"ok":"yes"}`, `line 1: ok is "yes": expected true or false; if it does not say how the operation ended, say --field ok=ignore`},
		{"status that is none", "register", `{"process":0,"f":"write","value":1,"start":1,"end":2,"status":409}`, "line 1: status is 409: expected ok, fail or unknown; if it does not say how the operation ended, say --field status=ignore"},
		{"value elsewhere", "register", `{"process":0,"type":"invoke","f":"write","written":1}`, "line 1: write has no value, but written: if that is the value, say --field written=value; if not, --field written=ignore"},
		{"answer elsewhere", "register", `{"process":0,"type":"invoke","f":"read"}` + "\n" + `{"process":0,"type":"ok","f":"read","value":null,"returned":1}`, "line 2: read has no answer, but returned: if that is the answer, say --field returned=output; if not, --field returned=ignore"},
		{"locks named elsewhere", "mutex", "{:process 0 :type :invoke :f :acquire :lock 1}\n{:process 1 :type :invoke :f :acquire :lock 2}", "line 2: :lock is 2, but in line 1 it is 1: if it names the object, say --field lock=key; if not, --field lock=ignore"},
		{"nil item", "queue", "{:process 0 :type :invoke :f :enqueue}", "line 1: enqueue of nil"},
		{"number", "counter", "{:process 0 :type :invoke :f :add :value \"x\"}", `line 1: the value of add is "x": expected a whole number`},
		{"priority", "priority-queue", "{:process 0 :type :invoke :f :enqueue :value :a}", "line 1: the value is :a: expected a whole number"},
		{"elements", "set", "{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read :value 5}", "line 2: a set was read as 5"},
		{"permits", "semaphore:2", "{:process 0 :type :invoke :f :acquire :value 0}", "line 1: acquire of 0 permits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tryLoad(c.model, []byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestReadOnce requires an error if only the end of a history shows that values are not
// keys, and the history cannot be read again.
func TestReadOnce(t *testing.T) {
	m := must.Get(ParseModel("queue"))(t)
	const text = "{:process 0 :type :invoke :f :enqueue :value [1 2]}\n{:process 0 :type :ok :f :enqueue :value [1 2]}\n{:process 0 :type :invoke :f :dequeue}"
	r := must.Get(foreign.NewReader(iotest.OneByteReader(strings.NewReader(text)), foreign.Auto))(t)
	if _, err := Load(context.Background(), r, m, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "cannot be read twice") {
		t.Errorf("got %v", err)
	}
}

// A process may go on after an operation of unknown outcome, which Jepsen's processes
// never do. That operation may take effect later, between the process's next
// operations.
func TestLockOfProcessesThatGoOn(t *testing.T) {
	const (
		acquires = "{:process 0, :type :invoke, :f :acquire}\n{:process 0, :type :ok, :f :acquire}\n"
		other    = "{:process 1, :type :invoke, :f :acquire}\n{:process 1, :type :ok, :f :acquire}\n"
		returns  = "{:process 1, :type :invoke, :f :release}\n{:process 1, :type :ok, :f :release}\n"
		maybe    = "{:process 0, :type :invoke, :f :acquire}\n{:process 0, :type :info, :f :acquire}\n"
		freed    = "{:process 0, :type :invoke, :f :release}\n{:process 0, :type :info, :f :release}\n"
		releases = "{:process 0, :type :invoke, :f :release}\n{:process 0, :type :ok, :f :release}\n"
	)
	for name, c := range map[string]struct {
		history string
		want    checker.Result
	}{
		"let go and won again, unseen":      {acquires + freed + other + returns + maybe + releases, checker.Valid},
		"let go later":                      {acquires + freed + releases + acquires + other, checker.Valid},
		"not let go":                        {acquires + freed + other + returns + releases, checker.Violation},
		"won, and released while it is not": {maybe + other + releases + returns, checker.Violation},
		"won, and released before":          {maybe + releases + other + returns, checker.Valid},
	} {
		h := load(t, "lock", []byte(c.history))
		if r := Check(t.Context(), h, Options{}); r.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %+v", name, r.Verdict, c.want, r.Verdicts)
		}
	}
}

// Events at one time are concurrent, except those of one process. A history whose times
// are all equal has no more order than one without times.
func TestTies(t *testing.T) {
	const (
		tied = `{"process":0,"type":"invoke","f":"release","time":4}
{"process":0,"type":"ok","f":"release","time":5}
{"process":0,"type":"invoke","f":"acquire","time":5}
{"process":0,"type":"ok","f":"acquire","time":6}`
		// Each process writes, and then reads the old value of the other's key. By the
		// order of each process alone, one order explains all.
		crossed = `{"process":0,"type":"invoke","f":"write","value":1,"time":1}
{"process":1,"type":"invoke","f":"write","value":2,"time":1}
{"process":0,"type":"ok","f":"write","value":1,"time":5}
{"process":0,"type":"invoke","f":"read","time":5}
{"process":1,"type":"ok","f":"write","value":2,"time":5}
{"process":1,"type":"invoke","f":"read","time":5}
{"process":0,"type":"ok","f":"read","value":1,"time":9}
{"process":1,"type":"ok","f":"read","value":1,"time":9}`
		handedOver = `{"process":0,"type":"invoke","f":"acquire","time":1}
{"process":1,"type":"invoke","f":"acquire","time":1}
{"process":1,"type":"ok","f":"acquire","time":5}
{"process":0,"type":"ok","f":"acquire","time":5}
{"process":0,"type":"invoke","f":"release","time":5}
{"process":0,"type":"ok","f":"release","time":6}`
		stale = `{"process":0,"type":"invoke","f":"write","value":1,"time":7}
{"process":0,"type":"ok","f":"write","value":1,"time":7}
{"process":1,"type":"invoke","f":"read","time":7}
{"process":1,"type":"ok","f":"read","value":null,"time":7}`
	)
	for _, c := range []struct {
		name, model, text string
		want              checker.Result
	}{
		{"released and then acquired", "lock", tied, checker.Violation},
		{"released and then acquired", "mutex", tied, checker.Violation},
		{"released and then acquired", "semaphore:1", tied, checker.Violation},
		{"two that go on at one time", "register", crossed, checker.Valid},
		{"two that go on at one time, one of them wrongly", "register", strings.Replace(crossed, `"f":"read","value":1`, `"f":"read","value":null`, 1), checker.Violation},
		{"handed over at one time", "lock", handedOver, checker.Valid},
		{"handed over at one time", "mutex", handedOver, checker.Valid},
		{"all of one time", "register", stale, checker.Violation},
		{"all of time 0", "register", strings.ReplaceAll(stale, "7", "0"), checker.Violation},
		{"no times", "register", strings.ReplaceAll(stale, `,"time":7`, ""), checker.Violation},
		{"a later event", "register", stale + "\n" + `{"process":2,"type":"invoke","f":"read","time":8}`, checker.Valid},
	} {
		t.Run(c.name+" "+c.model, func(t *testing.T) {
			if r := Check(t.Context(), load(t, c.model, []byte(c.text)), Options{}); r.Verdict != c.want {
				t.Errorf("%s, want %s: %+v", r.Verdict, c.want, r.Verdicts)
			}
		})
	}
}

// At equal times, counter-bounds uses the order of each process: the test has two reads
// that no order of a process explains, and the same reads by other processes.
func TestBoundsAtOneTime(t *testing.T) {
	line := func(process int, kind, f string, value, time int) string {
		return fmt.Sprintf(`{"process":%d,"type":%q,"f":%q,"value":%d,"time":%d}`+"\n", process, kind, f, value, time)
	}
	twoAdds := func(reader, shown int) string {
		return line(0, "invoke", "add", 2, 4) + line(0, "ok", "add", 2, 5) + line(0, "invoke", "add", 2, 13) + line(0, "ok", "add", 2, 13) +
			line(reader, "invoke", "read", 0, 13) + line(reader, "ok", "read", shown, 15)
	}
	below := func(reader, shown int) string {
		return line(0, "invoke", "add", -1, 1) + line(1, "invoke", "add", 1, 2) + line(1, "ok", "add", 1, 4) + line(0, "ok", "add", -1, 5) +
			line(1, "invoke", "add", -1, 8) + line(1, "ok", "add", -1, 14) + line(reader, "invoke", "read", 0, 14) + line(reader, "ok", "read", shown, 15)
	}
	for _, c := range []struct {
		name, text string
		want       checker.Result
	}{
		{"its own add was over", twoAdds(0, 3), checker.Violation},
		{"its own adds", twoAdds(0, 4), checker.Valid},
		{"another's add", twoAdds(1, 3), checker.Valid},
		{"its own, below 0", below(1, 0), checker.Violation},
		{"another's, below 0", below(2, 0), checker.Valid},
		{"below 0", below(1, -1), checker.Valid},
	} {
		if r := Check(t.Context(), load(t, "counter-bounds", []byte(c.text)), Options{}); r.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %+v", c.name, r.Verdict, c.want, r.Verdicts)
		}
	}
}

// A drain took its items in the order of its list, and then found nothing; total-queue
// requires neither.
func TestDrainsHaveAnOrder(t *testing.T) {
	enqueues := func(process string, values ...string) (text string) {
		for _, v := range values {
			e := `{"process":` + process + `,"type":"invoke","f":"enqueue","value":` + v + "}\n"
			text += e + strings.Replace(e, "invoke", "ok", 1)
		}
		return text
	}
	drain := func(process, took string) string {
		return `{"process":` + process + `,"type":"invoke","f":"drain"}` + "\n" + `{"process":` + process + `,"type":"ok","f":"drain","value":` + took + "}\n"
	}
	open := func(process, f, value string) string {
		return `{"process":` + process + `,"type":"invoke","f":"` + f + `","value":` + value + "}\n"
	}
	ends := func(process, f, value string) string {
		return strings.Replace(open(process, f, value), "invoke", "ok", 1)
	}
	crossed := enqueues("0", "1", "2", "3", "4") + open("1", "drain", "null") + open("2", "drain", "null")
	const valid, violation = checker.Valid, checker.Violation
	for _, c := range []struct {
		name, text                  string
		queue, bag, priority, total checker.Result
	}{
		{"left something", enqueues("0", "5") + drain("0", "[]"), violation, violation, violation, violation},
		{"left one of two", enqueues("0", "5", "6") + drain("1", "[5]"), violation, violation, violation, violation},
		{"taken by another", enqueues("0", "5") + open("1", "dequeue", "null") + drain("0", "[]") + ends("1", "dequeue", "5"), valid, valid, valid, valid},
		{"null", enqueues("0", "5") + drain("0", "null"), violation, violation, violation, violation},
		{"later first", enqueues("0", "1", "2") + drain("1", "[2,1]"), violation, valid, violation, valid},
		{"worse first", enqueues("0", "4", "1") + drain("1", "[4,1]"), valid, valid, violation, valid},
		{"better came meanwhile", enqueues("0", "4") + open("1", "drain", "null") + enqueues("0", "1") + ends("1", "drain", "[4,1]"), valid, valid, valid, valid},
		{"two, crossed", crossed + ends("2", "drain", "[2,4]") + ends("1", "drain", "[1,3]"), valid, valid, valid, valid},
		{"two, the wrong way", crossed + ends("2", "drain", "[4,2]") + ends("1", "drain", "[1,3]"), violation, valid, violation, valid},
		{"emptied meanwhile by itself", open("1", "drain", "null") + open("0", "enqueue", "1") + enqueues("2", "2") + open("3", "dequeue", "null") +
			ends("3", "dequeue", "null") + ends("0", "enqueue", "1") + ends("1", "drain", "[1,2]"), valid, valid, valid, valid},
		{"held up by what it took before", open("1", "drain", "null") + enqueues("0", "2") + open("3", "dequeue", "null") + ends("3", "dequeue", "null") +
			enqueues("0", "1") + ends("1", "drain", "[1,2]"), violation, violation, violation, valid},
		{"of values that repeat", enqueues("0", "1", "1", "2") + drain("1", "[1,2,1]"), violation, valid, violation, valid},
		{"with an unknown dequeue", enqueues("0", "1", "2", "3") + open("2", "dequeue", "null") + drain("1", "[3,2]"), violation, valid, violation, violation},
	} {
		want := map[string]checker.Result{"queue": c.queue, "bag": c.bag, "priority-queue": c.priority, "total-queue": c.total}
		for model, want := range want {
			h := load(t, model, []byte(c.text))
			for _, opts := range []Options{{}, {PorcupineOnly: true}} {
				if r := Check(t.Context(), h, opts); r.Verdict != want {
					t.Errorf("%s %s %+v: %s, want %s: %+v", c.name, model, opts, r.Verdict, want, r.Verdicts)
				}
			}
		}
	}
}

// The dequeues that stand for a drain have the drain's events, in whatever order events
// of one time are. It is not known what a drain of unknown outcome took.
func TestDrains(t *testing.T) {
	const (
		later = `{"process":0,"type":"invoke","f":"drain","key":"a","value":null,"time":1}
{"process":1,"type":"invoke","f":"enqueue","key":"b","value":100,"time":2}
{"process":1,"type":"ok","f":"enqueue","key":"b","value":100,"time":3}
{"process":0,"type":"ok","f":"drain","key":"a","value":[7],"time":10}
{"process":1,"type":"invoke","f":"enqueue","key":"b","value":200,"time":10}
{"process":1,"type":"ok","f":"enqueue","key":"b","value":200,"time":11}
{"process":2,"type":"invoke","f":"enqueue","key":"a","value":7,"time":20}
{"process":2,"type":"ok","f":"enqueue","key":"a","value":7,"time":21}`
		together = `{"process":0,"type":"invoke","f":"drain","time":1}
{"process":0,"type":"ok","f":"drain","value":[7],"time":5}
{"process":1,"type":"invoke","f":"enqueue","value":8,"time":5}
{"process":2,"type":"invoke","f":"enqueue","value":7,"time":5}
{"process":1,"type":"ok","f":"enqueue","value":8,"time":6}
{"process":2,"type":"ok","f":"enqueue","value":7,"time":6}`
		twoKeys = `{"process":0,"type":"invoke","f":"enqueue","key":"a","value":100,"time":1}
{"process":0,"type":"ok","f":"enqueue","key":"a","value":100,"time":2}
{"process":0,"type":"invoke","f":"enqueue","key":"a","value":101,"time":3}
{"process":0,"type":"ok","f":"enqueue","key":"a","value":101,"time":4}
{"process":1,"type":"invoke","f":"enqueue","key":"b","value":5,"time":500}
{"process":1,"type":"ok","f":"enqueue","key":"b","value":5,"time":1000}
{"process":0,"type":"invoke","f":"drain","key":"a","time":1000}
{"process":0,"type":"ok","f":"drain","key":"a","value":[100,101],"time":1001}
{"process":1,"type":"invoke","f":"dequeue","key":"b","time":1100}
{"process":1,"type":"ok","f":"dequeue","key":"b","value":5,"time":1200}`
		crashed = `{"process":0,"type":"invoke","f":"enqueue","value":1}
{"process":0,"type":"ok","f":"enqueue","value":1}
{"process":0,"type":"invoke","f":"enqueue","value":2}
{"process":0,"type":"ok","f":"enqueue","value":2}
{"process":1,"type":"invoke","f":"drain"}
{"process":1,"type":"info","f":"drain"}
{"process":2,"type":"invoke","f":"dequeue"}
{"process":2,"type":"ok","f":"dequeue","value":null}`
	)
	open := strings.Replace(crashed, `{"process":1,"type":"info","f":"drain"}`+"\n", "", 1)
	failed := strings.Replace(crashed, `"info"`, `"fail"`, 1)
	before := strings.Replace(crashed, `{"process":1,"type":"invoke","f":"drain"}`+"\n"+`{"process":1,"type":"info","f":"drain"}`+"\n", "", 1) +
		"\n" + `{"process":1,"type":"invoke","f":"drain"}`
	for _, c := range []struct {
		name, text string
		queue      checker.Result
		total      checker.Result // the verdict of total-queue, which ignores times
	}{
		{"before it went in", later, checker.Violation, checker.Violation},
		{"at one time", together, checker.Valid, checker.Violation},
		{"of one of two keys", twoKeys, checker.Valid, checker.Valid},
		{"crashed", crashed, checker.Valid, checker.Unknown},
		{"open", open, checker.Valid, checker.Unknown},
		{"failed", failed, checker.Violation, checker.Violation},
		{"begun after", before, checker.Violation, checker.Unknown},
	} {
		for _, model := range []string{"queue", "bag", "priority-queue", "total-queue"} {
			t.Run(c.name+" "+model, func(t *testing.T) {
				want := c.queue
				if model == "total-queue" {
					want = c.total
				}
				if r := Check(t.Context(), load(t, model, []byte(c.text)), Options{}); r.Verdict != want {
					t.Errorf("%s, want %s: %+v", r.Verdict, want, r.Verdicts)
				}
			})
		}
	}
}

// There are two readings of a set: Jepsen's checker/set ignores times, final-set does
// not.
func TestSets(t *testing.T) {
	const (
		during = `{:process 0 :type :invoke :f :add :value 1}
{:process 1 :type :invoke :f :read}
{:process 0 :type :ok :f :add :value 1}
{:process 1 :type :ok :f :read :value []}`
		after = `{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value []}
{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}`
		early = `{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value [1]}
{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}`
		twoReads = `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value []}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value [1]}`
		never = `{:process 0 :type :invoke :f :add :value 1}
{:process 0 :type :ok :f :add :value 1}
{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value nil}`
	)
	for name, c := range map[string]struct {
		text                string
		set, final, linearS checker.Result
	}{
		"added during the read":      {during, checker.Violation, checker.Valid, checker.Valid},
		"added after the read":       {after, checker.Violation, checker.Valid, checker.Valid},
		"read before it was added":   {early, checker.Valid, checker.Violation, checker.Violation},
		"missing in an earlier read": {twoReads, checker.Valid, checker.Valid, checker.Violation},
		"nil was read":               {never, checker.Unknown, checker.Violation, checker.Violation},
	} {
		for model, want := range map[string]checker.Result{"set": c.set, "final-set": c.final, "linear-set": c.linearS} {
			if r := Check(t.Context(), load(t, model, []byte(c.text)), Options{}); r.Verdict != want {
				t.Errorf("%s: %s is %s, want %s: %+v", name, model, r.Verdict, want, r.Verdicts)
			}
		}
	}
}

// If nothing is known to have happened, no promise can have been kept.
func TestNothingHappened(t *testing.T) {
	for _, model := range []string{"register", "mutex", "lock", "semaphore:2"} {
		f := map[string]string{"register": "read"}[model]
		if f == "" {
			f = "acquire"
		}
		for _, end := range []string{"fail", "info", ""} {
			text := "{:process 0 :type :invoke :f :" + f + "}\n"
			if end != "" {
				text += "{:process 0 :type :" + end + " :f :" + f + "}\n"
			}
			r := Check(t.Context(), load(t, model, []byte(text)), Options{})
			if r.Verdict != checker.Unknown || !strings.Contains(r.Verdicts[0].Reason, "none ended with ok") {
				t.Errorf("%s, %q: %+v", model, end, r)
			}
		}
	}
	const lost = "INFO  jepsen.util - 0\t:invoke\t:cas\t[3 0]\nINFO  jepsen.util - 0\t:fail\t:cas\t[3 0]\n"
	if r := Check(t.Context(), load(t, "cas-register", []byte(lost)), Options{}); r.Verdict != checker.Valid {
		t.Errorf("a failed cas that says what the value was not: %+v", r)
	}
}

// An error about a value that cannot be read names its line: the value must not become
// another one.
func TestUnreadable(t *testing.T) {
	const begin = `{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"queue"}}` + "\n"
	for _, c := range []struct{ name, model, text, want string }{
		{"an item without its field", "queue", begin + `{"process":0,"type":"invoke","f":"dequeue"}` + "\n" + `{"process":0,"type":"ok","f":"dequeue","value":{"itme":"a"}}`, "line 3: the value is {"},
		{"half of a swap", "cas-register", `{"process":0,"type":"invoke","f":"cas","value":{"to":1}}`, "line 1: the value of a cas is"},
		{"permits above 63 bits", "semaphore:2", `{"process":0,"type":"invoke","f":"acquire","value":18446744073709551617}`, "line 1: acquire of 18446744073709551617 permits"},
		{"permits as text", "semaphore:2", `{"process":0,"type":"invoke","f":"acquire","value":"2"}`, `line 1: acquire of "2" permits`},
		{"an item above 63 bits", "priority-queue", `{"process":0,"type":"invoke","f":"enqueue","value":9223372036854775808}`, "line 1: the value is 9223372036854775808: expected a whole number of 64 bits"},
		{"a drained item that is not a number", "priority-queue", `{"process":0,"type":"invoke","f":"drain"}` + "\n" + `{"process":0,"type":"ok","f":"drain","value":["5"]}`, `line 2: the value is "5": expected a whole number`},
		{"a sum above 31 bits", "counter", `{"process":0,"type":"invoke","f":"add","value":2147483648}`, "line 1: the value of add is 2147483648"},
		{"a time above all", "register", `{"process":0,"type":"invoke","f":"write","value":1,"time":9223372036854775807}`, "line 1: time is 9223372036854775807: expected nanoseconds from -4611686018427387903 to 4611686018427387903"},
		{"a time above 63 bits", "register", `{"process":0,"type":"invoke","f":"write","value":1,"time":9223372036854775808}`, "line 1: time is 9223372036854775808: expected"},
		{"a time below all", "register", `{"process":0,"type":"invoke","f":"write","value":1,"time":-9223372036854775808}`, "line 1: time is -9223372036854775808: expected"},
		{"a time of the nemesis", "register", `{"process":"nemesis","type":"info","f":"kill","time":4611686018427387904}`, "line 1: time is 4611686018427387904: expected"},
		{"a time in EDN", "register", `{:process 0 :type :invoke :f :write :value 1 :time 9223372036854775807}`, "line 1: :time is 9223372036854775807: expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tryLoad(c.model, []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	for _, good := range []string{
		`{"process":0,"type":"invoke","f":"write","value":9223372036854775808}` + "\n" + `{"process":0,"type":"ok","f":"write"}` + "\n" +
			`{"process":0,"type":"invoke","f":"read"}` + "\n" + `{"process":0,"type":"ok","f":"read","value":9.223372036854775808e18}`,
		`{"process":0,"type":"invoke","f":"write","value":3}` + "\n" + `{"process":0,"type":"ok","f":"write"}` + "\n" +
			`{"process":0,"type":"invoke","f":"read"}` + "\n" + `{"process":0,"type":"ok","f":"read","value":3.0}`,
		`{:process 0 :type :invoke :f :write :value 9223372036854775808N :time -1} {:process 0 :type :ok :f :write} {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value 9223372036854775808}`,
		`{:process 0 :type :invoke :f :write :value {:a 1}} {:process 0 :type :ok :f :write} {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value {:a 1}}`,
	} {
		if r := Check(t.Context(), load(t, "register", []byte(good)), Options{}); r.Verdict != checker.Valid {
			t.Errorf("%+v\n%s", r, good)
		}
	}
	const other = `{"process":0,"type":"invoke","f":"write","value":9223372036854775808}` + "\n" + `{"process":0,"type":"ok","f":"write"}` + "\n" +
		`{"process":0,"type":"invoke","f":"read"}` + "\n" + `{"process":0,"type":"ok","f":"read","value":9223372036854775809}`
	if r := Check(t.Context(), load(t, "register", []byte(other)), Options{}); r.Verdict != checker.Violation {
		t.Errorf("another number above 63 bits: %+v", r)
	}
}

// A history of zklab's own from which lines were removed proves nothing: the missing
// lines may be the reason why the rest looks wrong.
func TestLinesAreMissing(t *testing.T) {
	lines := []string{
		`{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"queue"}}`,
		`{"index":1,"time":1,"process":0,"client":0,"type":"invoke","f":"enqueue","key":"q","value":{"item":"a"}}`,
		`{"index":2,"time":2,"process":0,"client":0,"type":"ok","f":"enqueue","key":"q"}`,
		`{"index":3,"time":3,"process":1,"client":1,"type":"invoke","f":"dequeue","key":"q"}`,
		`{"index":4,"time":4,"process":1,"client":1,"type":"ok","f":"dequeue","key":"q","value":{"item":"a"}}`,
	}
	check := func(lines ...string) Report {
		return Check(t.Context(), load(t, "queue", []byte(strings.Join(lines, "\n"))), Options{})
	}
	if r := check(lines...); r.Verdict != checker.Valid {
		t.Errorf("%+v", r)
	}
	r := check(lines[0], lines[3], lines[4])
	if reason := r.Verdicts[0].Reason; r.Verdict != checker.Unknown || !strings.Contains(reason, "line 2: index is 3, not 1") || !strings.Contains(reason, "no process had enqueued that") {
		t.Errorf("%+v", r)
	}
	if r := check(lines[3], lines[4]); r.Verdict != checker.Violation { // as the history of another tool
		t.Errorf("%+v", r)
	}
}

// If the register began with something else and no client wrote nil, a read of nil is a
// read of an unknown value in Jepsen's formats. In JSON lines it counts as it was read.
func TestReadOfNil(t *testing.T) {
	for text, want := range map[string]checker.Result{
		`{"process":0,"type":"invoke","f":"read","value":null,"time":4}
{"process":0,"type":"ok","f":"read","value":null,"time":8}`: checker.Violation,
		`{:process 0, :type :invoke, :f :read, :value nil}
{:process 0, :type :ok, :f :read, :value nil}`: checker.Valid,
		"0 :invoke :read nil\n0 :ok :read nil": checker.Valid,
	} {
		r := must.Get(foreign.NewReader(strings.NewReader(text), foreign.Auto))(t)
		for _, model := range []string{"register", "cas-register"} {
			m := must.Get(ParseModel(model))(t)
			if again, err := r.Again(); err == nil {
				r = again
			}
			h := must.Get(Load(t.Context(), r, m, LoadOptions{Initial: &foreign.Value{Kind: foreign.Int}}))(t)
			if got := Check(t.Context(), h, Options{}).Verdict; got != want {
				t.Errorf("%s: %s, want %s:\n%s", model, got, want, text)
			}
		}
	}
}
