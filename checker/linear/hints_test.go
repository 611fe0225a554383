package linear

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
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
	const early, loose = "was there before any write of it began", "are two values"
	failed := strings.NewReplacer(":ok", ":fail").Replace(write("0", "1"))
	for _, c := range []struct {
		name, model, text string
		result            checker.Result
		hint              string // the note that is expected; no other may be there
		reason            string // part of the reason
	}{
		{"read first", "register", read("1", "7"), checker.Violation, "7 was there before any write of it began: if registers began as that, say so (--initial 7)", ""},
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
			for _, hint := range []string{early, loose} {
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
