package linear

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/must"
)

// If a violation may come from how the history was read, its verdict says so, and no
// other verdict does.
func TestHints(t *testing.T) {
	call := func(process, f, asked, answered string) string {
		e := "{:process " + process + " :type :invoke :f :" + f + " :value " + asked + "}\n"
		return e + strings.NewReplacer(":invoke", ":ok", ":value "+asked, ":value "+answered).Replace(e)
	}
	read := func(process, shown string) string { return call(process, "read", "nil", shown) }
	write := func(process, v string) string { return call(process, "write", v, v) }
	const early, loose, nothing, began = "was there before any write of it began", "are two values", "which no client had put there", "was there before any add began"
	failed := strings.NewReplacer(":ok", ":fail").Replace(write("0", "1"))
	for _, c := range []struct {
		name, model, text string
		result            checker.Result
		hint              string // the note that is expected; no other may be there
		reason            string // part of the reason
	}{
		{"read first", "register", read("1", "7"), checker.Violation, "7 was there before any write of it began: if registers began as that, say so (--initial 7)", ""},
		{"a stack in order", "stack", call("0", "push", "1", "1") + call("0", "push", "2", "2") + call("1", "pop", "nil", "2") + call("1", "pop", "nil", "1") + call("1", "pop", "nil", "nil"), checker.Valid, "", ""},
		{"a stack out of order", "stack", call("0", "push", "1", "1") + call("0", "push", "2", "2") + call("1", "pop", "nil", "1"), checker.Violation, "", "no order explains the push of 1"},
		{"read after another read", "register", read("1", "nil") + read("1", "7"), checker.Violation, early, ""},
		{"compared with first", "cas-register", call("1", "cas", "[0 1]", "[0 1]"), checker.Violation, early, ""},
		{"written later", "register", read("1", "7") + write("0", "7"), checker.Violation, early, ""},
		{"read during another write", "register", "{:process 0 :type :invoke :f :write :value 2}\n" + read("1", "7"), checker.Violation, early, ""},
		{"overwritten", "register", write("0", "1") + read("1", "7"), checker.Violation, "", "which no client had written"},
		{"right", "register", write("0", "1") + read("1", "1"), checker.Valid, "", ""},
		{"text for a number", "register", write("0", "1") + read("1", `"1"`), checker.Violation, `1 and "1" are two values: if they are one number, say so (--loose-numbers)`, ""},
		{"a number for text", "cas-register", write("0", `"1"`) + call("1", "cas", "[1 2]", "[1 2]"), checker.Violation, loose, ""},
		{"with a point", "register", write("0", "1") + read("1", "1.0"), checker.Violation, loose, ""},
		{"an item", "queue", call("0", "enqueue", "1", "1") + call("1", "dequeue", "nil", `"1"`), checker.Violation, loose, ""},
		{"an element", "linear-set", call("0", "add", "1", "1") + call("1", "read", "nil", `#{"1"}`), checker.Violation, loose, ""},
		{"other texts", "register", write("0", `"a"`) + read("1", `"b"`), checker.Violation, "", ""},
		{"a word for nothing", "register", write("0", "1") + read("1", `"Not-Found"`), checker.Violation, `"Not-Found" was found, which no client had put there: if it says that there was nothing, say so (--nil Not-Found)`, ""},
		{"an empty queue", "queue", call("0", "dequeue", "nil", `"<empty>"`), checker.Violation, `"<empty>" was found, which no client had put there: if it says that there was nothing, say so (--nil <empty>)`, ""},
		{"an empty stack", "stack", call("0", "push", "1", "1") + call("0", "pop", "nil", "1") + call("0", "pop", "nil", ":none"), checker.Violation, `:none was found, which no client had put there: if it says that there was nothing, say so (--nil :none)`, "no process had pushed that"},
		{"a word that was written", "register", write("0", `"none"`) + write("0", `"a"`) + read("1", `"none"`), checker.Violation, "", ""},
		{"a counter", "counter", read("0", "5") + call("0", "add", "1", "1") + read("1", "6"), checker.Violation, "5 was there before any add began: if the counter began as that, say so (--initial 5)", ""},
		{"a counter with bounds", "counter-bounds", read("0", "-5"), checker.Violation, "-5 was there before any add began: if the counter began as that, say so (--initial -5)", ""},
		{"a counter that goes wrong later", "counter", read("0", "0") + call("0", "add", "1", "1") + read("1", "7"), checker.Violation, "", ""},
		{"a failed write", "register", write("0", "2") + failed + read("1", "1"), checker.Violation, "", "; the write of 1 by process 0 (line 3 to line 4) failed: a fail says that the operation did nothing; an operation with an unknown outcome has to be an info"},
		{"a write that failed later", "register", read("1", "1") + failed, checker.Violation, early, "which no client had written (the register began as nil)"},
		{"two failed writes", "register", write("0", "2") + failed + failed + read("1", "1"), checker.Violation, "", ") failed, and so did 1 more: "},
		{"a failed write and a stale one", "register", write("0", "1") + failed + write("0", "2") + read("1", "1"), checker.Violation, "", "both before and after 2"},
		{"a failed item", "queue", strings.ReplaceAll(call("0", "enqueue", "1", "1"), ":ok", ":fail") + call("1", "dequeue", "nil", "1"), checker.Violation, "", "; the enqueue of 1 by process 0 (line 1 to line 2) failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Check(t.Context(), load(t, c.model, []byte(c.text)), Options{})
			if r.Verdict != c.result || !strings.Contains(r.Verdicts[0].Reason, c.reason) {
				t.Errorf("%s: %+v", r.Verdict, r.Verdicts)
			}
			notes := strings.Join(r.Notes, "\n")
			for _, hint := range []string{early, loose, nothing, began} {
				if want := strings.Contains(c.hint, hint); strings.Contains(notes, hint) != want {
					t.Errorf("%q in the notes is not %v: %s", hint, want, notes)
				}
			}
			if !strings.Contains(notes, c.hint) {
				t.Errorf("%q, want %q", notes, c.hint)
			}
			if told := strings.Contains(r.Verdicts[0].Reason, ") failed"); told != strings.Contains(c.reason, "failed") {
				t.Errorf("that something failed is told: %v: %s", told, r.Verdicts[0].Reason)
			}
		})
	}
}

// A history may write nil as a word, and a counter may begin elsewhere than at 0, if the user says so.
func TestWhatTheUserKnows(t *testing.T) {
	five, text := foreign.Value{Kind: foreign.Int, Int: 5}, foreign.Value{Kind: foreign.Text, Text: "5"}
	gone := `{"process":0,"f":"put","key":"x","value":"a","start":1,"end":2}
{"process":0,"f":"delete","key":"x","start":3,"end":4}
{"process":0,"f":"get","key":"x","output":"NotFound","start":5,"end":6}
`
	empty := `{:process 0 :type :invoke :f :pop}
{:process 0 :type :ok :f :pop :value :none}
`
	keyed := `{:process 0 :type :invoke :f :read :value ["x" nil]}
{:process 0 :type :ok :f :read :value ["x" "NotFound"]}
`
	counted := `{:process 0 :type :invoke :f :read}
{:process 0 :type :ok :f :read :value 5}
{:process 0 :type :invoke :f :increment}
{:process 0 :type :ok :f :increment :value 6}
{:process 0 :type :invoke :f :read :final? true}
{:process 0 :type :ok :f :read :final? true :value 6}
`
	for _, c := range []struct {
		name, model, text string
		opts              LoadOptions
		want              checker.Result // as the user says; otherwise it is a violation
	}{
		{"a word for nil", "kv", gone, LoadOptions{Nil: []string{"NotFound"}}, checker.Valid},
		{"another word", "kv", gone, LoadOptions{Nil: []string{"Found"}}, checker.Violation},
		{"a keyword for nil", "stack", empty, LoadOptions{Nil: []string{":none"}}, checker.Valid},
		{"in a pair", "register", keyed, LoadOptions{Nil: []string{"x", "NotFound"}}, checker.Valid},
		{"a counter", "counter", counted, LoadOptions{Initial: &five}, checker.Valid},
		{"by key", "counter", counted, LoadOptions{InitialOf: map[string]foreign.Value{"": five}}, checker.Valid},
		{"bounds", "counter-bounds", counted, LoadOptions{Initial: &five}, checker.Valid},
		{"a final read", "final-counter", counted, LoadOptions{Initial: &five}, checker.Valid},
		{"a number as text", "counter", counted, LoadOptions{Initial: &text, LooseNumbers: true}, checker.Valid},
		{"too much", "counter", strings.Replace(counted, "value 5", "value 7", 1), LoadOptions{Initial: &five}, checker.Violation},
		{"too little", "counter", strings.Replace(counted, "value 5", "value 4", 1), LoadOptions{Initial: &five}, checker.Violation},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := must.Get(ParseModel(c.model))(t)
			for _, said := range []bool{false, true} {
				opts, want := LoadOptions{}, checker.Violation
				if said {
					opts, want = c.opts, c.want
				}
				r := must.Get(foreign.NewReader(strings.NewReader(c.text), foreign.Auto))(t)
				h := must.Get(Load(t.Context(), r, m, opts))(t)
				if got := Check(t.Context(), h, Options{}); got.Verdict != want {
					t.Errorf("said %v: %+v", said, got)
				}
			}
		})
	}
	m, _ := ParseModel("counter")
	for want, opts := range map[string]LoadOptions{
		`a counter begins as a whole number of 31 bits, and not as "5"`:                  {Initial: &text},
		`31 bits: adds may have come before its first read`:                              {FirstRead: true},
		`line 2: a read of nil, though it is said what the counter began as: expected a`: {Initial: &five},
	} {
		text := counted
		if strings.HasPrefix(want, "line 2") {
			text = strings.Replace(counted, "value 5", "value nil", 1)
		}
		r, err := foreign.NewReader(strings.NewReader(text), foreign.Auto)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Load(t.Context(), r, m, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
