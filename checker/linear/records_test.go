package linear

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestRecords has whole operations in one record each, in the forms that tools write.
func TestRecords(t *testing.T) {
	const valid, violation, unknown = checker.Valid, checker.Violation, checker.Unknown
	for _, c := range []struct {
		name, model, text string
		want              checker.Result
	}{
		{"stale", "register", `{"process":0,"f":"write","value":1,"start":10,"end":20}
{"process":1,"f":"read","value":null,"start":21,"end":30}`, violation},
		{"in time", "register", `{"process":0,"f":"write","value":1,"start":10,"end":20}
{"process":1,"f":"read","value":null,"start":20,"end":30}`, valid},
		{"by end", "register", `{"process":1,"f":"read","value":null,"start":11,"end":15}
{"process":0,"f":"write","value":1,"start":10,"end":20}`, valid},
		{"in seconds", "register", `{"process":0,"f":"write","value":1,"start":1.0,"end":2.5}
{"process":1,"f":"read","value":null,"start":2.6,"end":3.0}`, violation},
		{"no end", "register", `{"process":0,"f":"write","value":1,"start":10,"end":null}
{"process":0,"f":"read","value":null,"start":21,"end":30}
{"process":0,"f":"read","value":1,"start":41,"end":50}`, valid},
		{"an error", "register", `{"process":0,"f":"write","value":1,"start":10,"end":20,"error":"timeout"}
{"process":1,"f":"read","value":null,"start":21,"end":30}`, valid},
		{"failed", "register", `{"process":0,"type":"fail","f":"write","value":1,"start":10,"end":20,"error":"refused"}
{"process":1,"f":"read","value":1,"start":21,"end":30}`, violation},
		{"unknown", "register", `{"process":0,"type":"info","f":"write","value":1,"start":10,"end":20}
{"process":1,"f":"read","value":1,"start":21,"end":30}`, valid},
		{"never returned", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":9223372036854775807}
{"ClientId":1,"Input":{"op":"read"},"Call":21,"Output":{"value":null},"Return":30}
{"ClientId":1,"Input":{"op":"read"},"Call":41,"Output":{"value":1},"Return":50}`, valid},
		{"actions", "register", `{"action":"call","proc":1,"time":"2020-03-02T12:00:00.1+08:00","data":{"op":"write","value":1}}
{"action":"invoke-nemesis","proc":-1,"time":"2020-03-02T12:00:00.2+08:00","data":{"name":"kill"}}
{"action":"return","proc":1,"time":"2020-03-02T12:00:00.3+08:00","data":{"ok":true,"unknown":false}}
{"action":"call","proc":2,"time":"2020-03-02T12:00:00.4+08:00","data":{"op":"read"}}
{"action":"return","proc":2,"time":"2020-03-02T12:00:00.5+08:00","data":{"value":null}}
{"action":"dump","proc":0,"time":"2020-03-02T12:00:00.6+08:00","data":7}`, violation},
		{"actions of unknown outcome", "kv", `{"action":"call","proc":1,"data":{"op":"put","key":"x","value":1}}
{"action":"return","proc":1,"data":{"unknown":true}}
{"action":"call","proc":2,"data":{"op":"put","key":"x","value":2}}
{"action":"return","proc":2,"data":{"ok":false}}
{"action":"call","proc":2,"data":{"op":"get","key":"x"}}
{"action":"return","proc":2,"data":{"value":1}}`, valid},
		{"nothing returned", "register", `{"process":0,"f":"write","value":1,"start":10}`, unknown},
		{"porcupine's", "kv", `{"ClientId":0,"Input":{"Op":"put","Key":"x","Value":"1"},"Call":10,"Output":{"Value":""},"Return":20}
{"ClientId":1,"Input":{"Op":"get","Key":"x","Value":""},"Call":21,"Output":{"Value":"2"},"Return":30}`, violation},
		{"porcupine's, right", "kv", `[{"ClientId":0,"Input":{"Op":"put","Key":"x","Value":"1"},"Call":10,"Output":{"Value":""},"Return":20},
{"ClientId":1,"Input":{"Op":"get","Key":"x","Value":""},"Call":21,"Output":{"Value":"1"},"Return":30}]`, valid},
		{"a result by itself", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":1,"Input":{"op":"read"},"Call":21,"Output":0,"Return":30}`, violation},
		{"an error in the output", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":{"Error":"timeout"},"Return":20}
{"ClientId":1,"Input":{"op":"read"},"Call":21,"Output":{"Error":"","Value":null},"Return":30}`, valid},
		{"a cas", "cas-register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":1,"Input":{"op":"cas","from":1,"to":2},"Call":21,"Output":true,"Return":30}
{"ClientId":1,"Input":{"op":"cas","from":1,"to":3},"Call":31,"Output":{"ok":true},"Return":40}`, violation},
		{"a cas that failed", "cas-register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":1,"Input":{"op":"cas","from":1,"to":2},"Call":21,"Output":true,"Return":30}
{"ClientId":1,"Input":{"op":"cas","from":1,"to":3},"Call":31,"Output":{"ok":false},"Return":40}
{"ClientId":1,"Input":{"op":"cas","from":1,"to":3},"Call":41,"Output":false,"Return":50}`, valid},
		{"one client for all", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":0,"Input":{"op":"read"},"Call":15,"Output":null,"Return":30}
{"ClientId":0,"Input":{"op":"read"},"Call":12,"Output":1,"Return":14}`, violation},
		{"one client for all, at one time", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":0,"Input":{"op":"read"},"Call":20,"Output":null,"Return":30}
{"ClientId":0,"Input":{"op":"read"},"Call":12,"Output":null,"Return":14}`, valid},
		{"one client in order, at one time", "register", `{"ClientId":0,"Input":{"op":"write","value":1},"Call":10,"Output":null,"Return":20}
{"ClientId":0,"Input":{"op":"read"},"Call":20,"Output":null,"Return":30}`, violation},
		{"a list that was read", "set-full", `{"process":0,"f":"add","value":1,"start":10,"end":20}
{"process":0,"f":"add","value":2,"start":20,"end":25}
{"process":1,"f":"read","value":[1,2],"start":26,"end":30}
{"process":1,"f":"read","value":[1],"start":31,"end":40}`, violation},
		{"balances", "bank:10", `{"process":0,"f":"transfer","input":{"from":"a","to":"b","amount":1},"start":10,"end":20}
{"process":1,"f":"read","output":{"a":4,"b":6},"start":15,"end":16}`, valid},
		{"wrong balances", "bank:10", `{"process":0,"f":"transfer","input":{"from":"a","to":"b","amount":1},"start":10,"end":20}
{"process":1,"f":"read","output":{"a":4,"b":5},"start":15,"end":16}`, violation},
		{"ids", "unique-ids", `{"process":0,"f":"generate","value":"a","start":10,"end":20}
{"process":0,"f":"generate","value":"a","start":21,"end":30}`, violation},
		{"EDN", "register", `[{:process 0 :f :write :value 1 :start 10 :end 20} {:process 1 :f :read :value nil :start 21 :end 30}]`, violation},
		{"holds", "lock", `{"process":0,"f":"acquire","start":10,"end":20}
{"process":1,"f":"acquire","start":15,"end":30}
{"process":0,"f":"release","start":31,"end":40}`, violation},
		{"a drain", "queue", `{"process":0,"f":"enqueue","value":1,"start":10,"end":20}
{"process":0,"f":"enqueue","value":2,"start":21,"end":30}
{"process":0,"f":"drain","value":[2,1],"start":31,"end":40}`, violation},
		{"events and records", "register", `{"process":0,"f":"write","value":1,"start":10,"end":20}
{"process":1,"type":"invoke","f":"read","time":21}
{"process":1,"type":"ok","f":"read","value":null,"time":31}`, violation},
		{"an event with a start of its own", "register", `{"process":0,"type":"invoke","f":"write","value":1,"start":10}
{"process":0,"type":"ok","f":"write","value":1,"start":10,"end":20,"time":1}
{"process":1,"type":"invoke","f":"read"}
{"process":1,"type":"ok","f":"read","value":1,"time":31}`, valid},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := load(t, c.model, []byte(c.text))
			if r := Check(t.Context(), h, Options{}); r.Verdict != c.want || strings.Contains(fmt.Sprint(r.Notes), "the times decide") {
				t.Errorf("%s, want %s: %+v", r.Verdict, c.want, r)
			}
		})
	}
}

func TestUnreadableRecords(t *testing.T) {
	for _, c := range []struct{ model, text, want string }{
		{"register", `{"process":0,"f":"write","value":1,"start":30,"end":20}`, "line 1: the operation ends at 20, before it starts at 30"},
		{"register", `{"process":0,"f":"write","value":1,"start":null,"end":20}`, "line 1: the record has no time in its field start"},
		{"register", `{"process":0,"f":"write","value":1,"start":"x","end":20}`, `line 1: start is "x": expected nanoseconds`},
		{"register", `{"process":0,"f":"write","value":1,"start":1,"end":20.5}`, "line 1: end is 20.5, but in line 1 it is 1: all times"},
		{"register", `{"process":0,"type":"ok","f":"write","value":1,"start":1}`, "line 1: the record is ok, but has no time in its field end"},
		{"register", `{"f":"write","value":1,"start":1,"end":2}`, "line 1: the event has no process"},
		{"register", `{"process":1.5,"f":"write","value":1,"start":1,"end":2}`, `line 1: process is 1.5, and its event is "invoke": clients must be numbers, or all have names`},
		{"register", `{"process":1,"f":"write","value":1,"start":1,"end":2}` + "\n" + `{"process":"a","f":"write","value":1,"start":1,"end":2}`, `line 2: process is "a", and its event is "invoke": clients must be numbers, or all have names`},
		{"register", `{"process":"a","f":"write","value":1,"start":1,"end":2}` + "\n" + `{"process":1,"f":"write","value":1,"start":1,"end":2}`, `line 2: process is 1, but before there was one called a: give all clients numbers, or all of them names`},
		{"register", `{"process":1,"type":"done","f":"write","value":1,"start":1,"end":2}`, `line 1: type is "done": expected invoke, ok, fail or info`},
		{"kv", `{"ClientId":0,"Input":{"Op":1,"Key":"x"},"Call":1,"Output":{},"Return":2}`, `line 1: operation "1" is none of model kv, which has get, read, put, write, append, cas, delete; porcupine's examples write 0 for get, 1 for put and 2 for append: --rename 0=get --rename 1=put --rename 2=append`},
		{"kv", `{"ClientId":0,"Input":{"Key":"x"},"Call":1,"Output":{},"Return":2}`, "line 1: the record does not name its operation: expected a field f or op, or one in the input"},
		{"kv", `{"ClientId":0,"Input":{"Type":"txn"},"Call":1,"Output":{},"Return":2}`, `line 1: operation "txn" is none of model kv, which has get, read, put, write, append, cas, delete; transactions of several operations are not decided here: Elle does that`},
		{"set", `{"process":0,"type":"invoke","f":"final-read"}`, `line 1: operation "final-read" is none of model set, which has add, read; if it is one of these by another name, say so: --rename final-read=read`},
		{"set", `{"process":0,"type":"invoke","f":"remove","value":1}`, `line 1: operation "remove" is none of model set, which has add, read; models that have remove: linear-set`},
		{"register", `{"action":"call","proc":0,"data":{"Op":1,"Value":2}}`, `line 1: operation "1" is none of model register, which has read, write; if it is one of these by another name, say which: --rename 1=OPERATION`},
		{"register", `{"action":"call","proc":0,"data":[1]}`, `line 1: the call does not name its operation: expected a field f or op, or one in the input`},
		{"register", `{"action":"return","proc":0,"data":{"value":1}}`, `line 1: the event has no f`},
		{"lock", `{"process":0,"f":"acquire","start":10,"end":20}` + "\n" + `{"process":0,"f":"release","start":15,"end":30}`, "line 2: process 0 begins at 0.000000015 s, before the end of its operation at 0.000000020 s (line 1): the holder of a lock is a process"},
		{"register", `{"name":"orders","start":5}`, `line 1: the record does not name its operation`},
		{"register", `{"name":"orders","id":"1"}`, `line 1: the event has no process and no type; a line is an event, like {"process":0,"type":"invoke","f":"write","value":3}, or a whole operation, like {"process":0,"f":"write"`},
	} {
		if _, err := tryLoad(c.model, []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestRecordsAgree writes files as records, in any order, and requires the same verdicts as for
// their events.
func TestRecordsAgree(t *testing.T) {
	for name, gm := range allGames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := map[checker.Result]int{}
			for i := range rounds() / 6 {
				r := seeded(12, name, i)
				f := gm.file(r)
				h := must.Get(tryLoad(gm.model, []byte(f.text)))(t)
				if h.times == nil || h.times[0] == h.times[len(h.times)-1] || h.twoLastReads() {
					continue
				}
				want := Check(t.Context(), h, Options{}).Verdict
				text, ok := asRecords(r, f.text)
				if !ok {
					continue
				}
				got := Check(t.Context(), load(t, gm.model, []byte(text)), Options{}).Verdict
				if count[got]++; got != want && !gm.undecidedTies(got, want) {
					t.Fatalf("%s, want %s\n%s\nas records:\n%s", got, want, f.text, text)
				}
			}
			t.Log(count)
			if least := rounds() / 150; count[checker.Valid] < least || count[checker.Violation] < least {
				t.Errorf("%v: the generator is one-sided", count)
			}
		})
	}
}

// asRecords writes each operation of a file as one line. A process's operations keep their order,
// since it counts at equal times.
func asRecords(r *rand.Rand, text string) (string, bool) {
	field := func(line, name string) string {
		_, rest, _ := strings.Cut(line, `"`+name+`":`)
		depth := 0
		end := strings.IndexFunc(rest, func(c rune) bool {
			switch c {
			case '[':
				depth++
			case ']':
				depth--
			}
			return depth == 0 && (c == ',' || c == '}')
		})
		return rest[:max(end, 0)]
	}
	open := map[string]int{}
	var records []string
	for line := range strings.Lines(text) {
		process, kind := field(line, "process"), field(line, "type")
		if kind == `"invoke"` {
			open[process] = len(records)
			records = append(records, fmt.Sprintf(`{"process":%s,"f":%s,"key":%s,"input":%s,"start":%s}`, process, field(line, "f"), field(line, "key"), field(line, "value"), field(line, "time")))
			continue
		}
		at := open[process]
		output := ""
		if kind == `"ok"` {
			output = `,"output":` + field(line, "value")
		}
		records[at] = strings.TrimSuffix(records[at], "}") + fmt.Sprintf(`,"type":%s%s,"end":%s}`, kind, output, field(line, "time"))
	}
	for i := range records {
		records[i] += "\n"
	}
	return shuffled(r, strings.Join(records, "")), !slices.Contains(records, "")
}
