package linear

import (
	"context"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
)

// TestHistories decides small files as people write them.
func TestHistories(t *testing.T) {
	for _, c := range []struct {
		name, model, text string
		want              checker.Result
		reason            string // part of it
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
{:process 1 :type :ok :f :read :value 1}`, checker.Violation, "which nobody had written"},
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
{:process 0 :type :ok :f :read :value #{1}}`, checker.Violation, "which nobody had added (an add that failed"},
		{"nobody tried to add", "set", `{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value #{30}}`, checker.Violation, "30, which nobody had tried to add"},
		{"lost in the total", "total-queue", `{:process 0 :type :invoke :f :enqueue :value 1}
{:process 0 :type :ok :f :enqueue :value 1}
{:process 0 :type :invoke :f :enqueue :value 2}
{:process 0 :type :ok :f :enqueue :value 2}
{:process 1 :type :invoke :f :drain}
{:process 1 :type :ok :f :drain :value [2]}`, checker.Violation, "1 went in 1 time for certain and came out 0 times"},
		{"nowhere in the total", "total-queue", `{:process 1 :type :invoke :f :dequeue}
{:process 1 :type :ok :f :dequeue :value 2}`, checker.Violation, "nobody had tried to enqueue that"},
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
		{"set read without a key", "set", `{:process 0 :type :invoke :f :add :value [7 1]}
{:process 0 :type :ok :f :add :value [7 1]}
{:process 0 :type :invoke :f :read :value [7 nil]}
{:process 0 :type :ok :f :read :value [1 2]}`, checker.Violation, "shows 1, which nobody had tried to add"},
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

// TestLoadErrors wants the line and what was expected.
func TestLoadErrors(t *testing.T) {
	const begin = "{:process 0 :type :invoke :f :write :value 1}\n"
	for _, c := range []struct{ name, model, text, want string }{
		{"other operation", "register", begin + "{:process 1 :type :invoke :f :cas :value [1 2]}", `line 2: operation "cas" is none of model register, which has read, write`},
		{"no invocation", "register", "{:process 1 :type :ok :f :read :value 1}", "line 1: ok of process 1, which has no open operation"},
		{"two open", "register", begin + begin, "line 2: process 0 invokes write while its write of line 1 is still open"},
		{"other completion", "register", begin + "{:process 0 :type :ok :f :read :value 1}", "line 2: process 0 completes read, but what it invoked in line 1 is write"},
		{"cas", "cas-register", "{:process 0 :type :invoke :f :cas :value 1}", "line 1: the value of a cas is 1: expected [old new]"},
		{"key", "kv", begin, "line 1: write has no key"},
		{"pair", "register", "{:process 0 :type :invoke :f :read :value [1 nil]}\n{:process 0 :type :ok :f :read :value 1}", "line 2: the value is 1: expected [1 value]"},
		{"info of nothing", "register", "{:process 0 :type :info}", "line 1: info of process 0, which has no open operation"},
		{"no such operation", "queue", "{:process 0 :type :invoke :f :r}", `line 1: operation "r" is none of model queue`},
		{"client with a name", "register", begin + "{:process \"b\" :type :invoke :f :read}", `line 2: :process is "b"`},
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

// TestReadOnce wants an error where values show only at the end that they are no
// keys, and the history cannot be read again.
func TestReadOnce(t *testing.T) {
	m, err := ParseModel("queue")
	if err != nil {
		t.Fatal(err)
	}
	const text = "{:process 0 :type :invoke :f :enqueue :value [1 2]}\n{:process 0 :type :ok :f :enqueue :value [1 2]}\n{:process 0 :type :invoke :f :dequeue}"
	r, err := foreign.NewReader(iotest.OneByteReader(strings.NewReader(text)), foreign.Auto)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), r, m, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "cannot be read twice") {
		t.Errorf("got %v", err)
	}
}

// A process that goes on after an operation with an unknown outcome, which Jepsen's
// never do: that may take effect later, between operations of its own.
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
