package linear

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/must"
)

// merged is the merged log of two clients: by their times, the read of 0 came before the write
// had ended.
const merged = `{"process":0,"type":"invoke","f":"write","value":1,"time":%v}
{"process":0,"type":"ok","f":"write","value":1,"time":%v}
{"process":1,"type":"invoke","f":"read","time":%v}
{"process":1,"type":"ok","f":"read","value":%v,"time":%v}
`

// TestTimesDecide requires that the times decide if the file has another order, however they
// are written, and that a note says so.
func TestTimesDecide(t *testing.T) {
	write := func(value string, times ...string) string {
		return fmt.Sprintf(merged, times[0], times[1], times[2], value, times[3])
	}
	edn := func(text string) string {
		return strings.NewReplacer(`"process":`, ":process ", `"type":`, ":type ", `"f":`, ":f ", `"value":`, ":value ", `"time":`, ":time ", "null", "nil").Replace(text)
	}
	for _, c := range []struct {
		name  string
		times []string
		note  string
	}{
		{"nanoseconds", []string{"1000000000", "5000000000", "1500000000", "2000000000"}, ""},
		{"nanoseconds with an exponent", []string{"1e9", "5E9", "1500000000", "2e+9"}, ""},
		{"nanoseconds as text", []string{`"1000000000"`, `"5000000000"`, `"1500000000"`, `"2000000000"`}, ""},
		{"seconds", []string{"1.0", "5.25", "1.75", "2.0"}, "times with a decimal point count as seconds"},
		{"tiny seconds", []string{"1e-05", "5.25", "1.75e-05", "0.002"}, "times with a decimal point count as seconds"},
		{"below zero", []string{"-6168", "4000", "-5000", "-4999"}, "times begin below zero: they count from the earliest, -0.000006168 s"},
		{"seconds below zero", []string{"-0.5", "5.25", "-0.25", "0.5"}, "times begin below zero: they count from the earliest, -0.500000 s"},
		{"epoch", []string{"1764200420.0000012", "1764200420.0000018", "1764200420.0000013", "1764200420.0000014"}, "times with a decimal point count as seconds"},
		{"dates", []string{`"2026-02-26T23:39:01.000000001Z"`, `"2026-02-26T23:39:05Z"`, `"2026-02-27T00:39:01.5+01:00"`, `"2026-02-26 23:39:02,5+0000"`}, "times are dates, and count from the earliest, 2026-02-26T23:39:01.000000001Z"},
		{"local dates", []string{`"2026-02-26 23:39:01"`, `"2026-02-26 23:39:05,001"`, `"2026-02-26T23:39:01.5"`, `"2026-02-26 23:39:02"`}, "times are dates without a time zone: they count as dates of one zone, from the earliest, 2026-02-26T23:39:01"},
	} {
		for _, form := range []struct {
			name string
			of   func(string) string
		}{
			{"jsonl", func(text string) string { return text }},
			{"array", func(text string) string {
				return "[" + strings.ReplaceAll(strings.TrimSpace(text), "\n", ",\n") + "]"
			}},
			{"edn", edn},
			{"edn vector", func(text string) string { return "[" + edn(text) + "]" }},
		} {
			t.Run(c.name+" "+form.name, func(t *testing.T) {
				for value, want := range map[string]checker.Result{"null": checker.Valid, "1": checker.Valid, "7": checker.Violation} {
					r := Check(t.Context(), load(t, "register", []byte(form.of(write(value, c.times...)))), Options{})
					notes := strings.Join(r.Notes, "\n")
					if r.Verdict != want || !strings.Contains(notes, "the times decide the order: the file has 2 events after events with later times, from line 3 on") || !strings.Contains(notes, c.note) {
						t.Errorf("a read of %s: %s, want %s\n%s\n%+v", value, r.Verdict, want, notes, r.Verdicts)
					}
				}
				inOrder := append(c.times[:1:1], c.times[2], c.times[3], c.times[1]) // the read comes after the write
				r := Check(t.Context(), load(t, "register", []byte(form.of(write("null", inOrder...)))), Options{})
				if notes := strings.Join(r.Notes, "\n"); r.Verdict != checker.Violation || strings.Contains(notes, "decide") || !strings.Contains(notes, c.note) {
					t.Errorf("in order: %s\n%s", r.Verdict, notes)
				}
			})
		}
	}
}

// The name of a field may say the unit of its times, and so may the user. Only the order matters for the verdict.
func TestUnitsOfTimes(t *testing.T) {
	record := func(start, end string, times ...string) string {
		return fmt.Sprintf(`{"process":0,"f":"write","value":1,%[1]q:%[3]s,%[2]q:%[4]s}
{"process":1,"f":"read","output":7,%[1]q:%[5]s,%[2]q:%[6]s}
`, start, end, times[0], times[1], times[2], times[3])
	}
	for _, c := range []struct {
		name, text string
		unit       time.Duration
		at         string // when the read began
		note       string
	}{
		{"milliseconds", record("start_ms", "end-ms", "1000", "2500", "3000", "3001"), 0, "3.000000 s", "times are numbers of milliseconds, as the name of start_ms says"},
		{"milliseconds in another notation", record("startMs", "endMillis", "1000", "2500", "3000", "3001"), 0, "3.000000 s", "times are numbers of milliseconds, as the name of startMs says"},
		{"fractions", record("start_ms", "end_ms", "1000.5", "2500", "3000.25", "3001"), 0, "3.000250 s", "milliseconds"},
		{"microseconds and nanoseconds", record("call_us", "return_ns", "1000000", "2500000000", "3000000", "3001000000"), 0, "3.000000 s", "times are numbers of microseconds, as the name of call_us says"},
		{"seconds", record("begin_s", "finish_seconds", "1", "2", "3", "4"), 0, "3.000000 s", "times are numbers of seconds"},
		{"nanoseconds", record("call_ns", "return_ns", "1000", "2000", "3000", "4000"), 0, "0.000003 s", "times are numbers of nanoseconds"},
		{"as the user says", record("start", "end", "1000", "2500", "3000", "3001"), time.Millisecond, "3.000000 s", "times are numbers of milliseconds"},
		{"the user knows better", record("start_us", "end_us", "1000", "2500", "3000", "3001"), time.Millisecond, "3.000000 s", "times are numbers of milliseconds"},
		{"below zero", record("call_ns", "return_ns", "-2000", "-1000", "1000", "2000"), 0, "0.000003 s", "times begin below zero: they count from the earliest, -0.000002 s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := must.Get(foreign.Options{Unit: c.unit}.NewReader(strings.NewReader(c.text)))(t)
			m, _ := ParseModel("register")
			h := must.Get(Load(t.Context(), r, m, LoadOptions{}))(t)
			got := Check(t.Context(), h, Options{})
			if notes := strings.Join(got.Notes, "\n"); got.Verdict != checker.Violation || !strings.Contains(notes, c.note) || !strings.Contains(got.Verdicts[0].Reason, c.at+" (line 2)") {
				t.Errorf("%s\n%+v", notes, got.Verdicts)
			}
		})
	}
}

// If a line has a time twice, the one without a unit counts, and a note names the other.
func TestTwoTimes(t *testing.T) {
	text := `{"process":0,"type":"invoke","f":"write","value":1,"time_ms":9,"time":10}
{"process":0,"type":"ok","f":"write","value":1,"time_ms":9,"time":20}
{"process":1,"type":"invoke","f":"read","time_ms":1,"time":30}
{"process":1,"type":"ok","f":"read","value":7,"time_ms":1,"time":40}
`
	r := Check(t.Context(), load(t, "register", []byte(text)), Options{})
	if notes := strings.Join(r.Notes, "\n"); r.Verdict != checker.Violation || !strings.Contains(notes, "field time_ms was not read") || strings.Contains(notes, "times decide") || strings.Contains(notes, "milliseconds") {
		t.Errorf("%s\n%+v", notes, r.Verdicts)
	}
}

// TestTimesThatCannotDecide requires an error that names the line.
func TestTimesThatCannotDecide(t *testing.T) {
	sample := func(times ...any) string { return fmt.Sprintf(merged, times[0], times[1], times[2], "0", times[3]) }
	for _, c := range []struct{ name, text, want string }{
		{"one has none", sample(1, 5, 2, "null"), "line 3: the time goes back to 0.000000002 s, though an earlier event has a later one, and line 4 has none: give every event a time; or, if the order of the lines is right, leave the times out"},
		{"one has -1", sample(-1, 5, 2, 3), "line 3: the time goes back to 0.000000002 s, though an earlier event has a later one, and line 1 has none"},
		{"one process twice", strings.ReplaceAll(sample("1000000000", "5000000000", "1500000000", "2000000000"), `"process":1`, `"process":0`), "line 3: the time of process 0 goes back from 5.000000 s (line 2) to 1.500000 s: give each client a process of its own; or, if the order of the lines is right, leave the times out"},
		{"a completion before its invocation", sample("1", "2000000000", "5000000000", "4000000000"), "line 4: the time of process 1 goes back from 5.000000 s (line 3) to 4.000000 s"},
		{"on one line", strings.ReplaceAll(sample(1, 5, 2, "null"), "\n", ""), "line 1, event 3: the time goes back to 0.000000002 s, though an earlier event has a later one, and event 4 has none"},
		{"whole numbers among decimal ones", sample("1.5", "5.0", "2", "3.0"), "line 3: time is 2, but in line 1 it is 1.5: all times of a history must be written in the same way"},
		{"dates with and without a time zone", sample(`"2026-02-26T23:39:01Z"`, `"2026-02-26T23:39:02"`, 2, 3), `line 2: time is "2026-02-26T23:39:02", but in line 1 it is "2026-02-26T23:39:01Z": all times`},
		{"a word", sample(`"soon"`, 5, 2, 3), `line 1: time is "soon": expected nanoseconds (1250000000), seconds with a decimal point (1.25), or a date (2026-02-26T23:39:01.25Z)`},
		{"no text", sample(`""`, 5, 2, 3), `line 1: time is "": expected nanoseconds`},
		{"a list", sample(1, "[5]", 2, 3), `line 2: time is [5]: expected nanoseconds`},
		{"true", sample(1, 5, 2, "true"), `line 4: time is true: expected nanoseconds`},
		{"an impossible date", sample(`"2026-02-30T23:39:01Z"`, 5, 2, 3), `line 1: time is "2026-02-30T23:39:01Z": expected nanoseconds`},
		{"a date before 1970", sample(`"1969-12-31T23:59:59Z"`, 5, 2, 3), `line 1: time is "1969-12-31T23:59:59Z": expected nanoseconds from -4611686018427387903 to 4611686018427387903, or a date from 1970 to 2116`},
		{"a date in the year 9000", sample(`"9000-12-31T23:59:59Z"`, 5, 2, 3), `line 1: time is "9000-12-31T23:59:59Z": expected nanoseconds from -4611686018427387903 to`},
		{"many seconds", sample("1e30", 5, 2, 3), `line 1: time is 1e30: expected nanoseconds from -4611686018427387903 to`},
		{"seconds beyond all", sample("4611686019.0", 5, 2, 3), `line 1: time is 4611686019.0: expected nanoseconds from -4611686018427387903 to`},
		{"an end of -1", `{"process":0,"f":"write","value":1,"start":-5,"end":-1}`, "line 1: the operation starts at -5 and ends at -1: is that a time, or did it never end?"},
		{"in EDN", `{:process 0 :type :invoke :f :read :time :soon}`, "line 1: :time is :soon: expected nanoseconds"},
		{"in EDN, back", "{:process 0 :type :invoke :f :read :time 5}\n{:process 0 :type :ok :f :read :time 4}", "line 2: the time of process 0 goes back from 0.000000005 s (line 1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tryLoad("register", []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// zklab's own histories are in order. A few events without a time change nothing
// either.
func TestTimesOfOwnHistories(t *testing.T) {
	const begin = `{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"queue"}}` + "\n"
	own := begin + `{"index":1,"time":9,"process":0,"client":0,"type":"invoke","f":"enqueue","key":"q","value":{"item":"a"}}
{"index":2,"time":5,"process":0,"client":0,"type":"ok","f":"enqueue","key":"q"}
`
	r := Check(t.Context(), load(t, "queue", []byte(own)), Options{})
	if r.Verdict != checker.Valid || len(r.Notes) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestShuffledFiles puts the lines of files in any order that keeps the order of each process.
// Since the times decide, nothing else changes.
func TestShuffledFiles(t *testing.T) {
	for name, gm := range allGames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, moved := map[checker.Result]int{}, 0
			for i := range rounds() / 6 {
				r := seeded(11, name, i)
				f := gm.file(r)
				h := must.Get(tryLoad(gm.model, []byte(f.text)))(t)
				if h.times == nil || h.times[0] == h.times[len(h.times)-1] || h.twoLastReads() {
					continue
				}
				want := Check(t.Context(), h, Options{}).Verdict
				text := shuffled(r, f.text)
				h = load(t, gm.model, []byte(text))
				if h.moved > 0 {
					moved++
				}
				got := Check(t.Context(), h, Options{}).Verdict
				if count[got]++; got != want && !gm.undecidedTies(got, want) {
					t.Fatalf("%s, want %s\n%s\nshuffled:\n%s", got, want, f.text, text)
				}
			}
			t.Logf("%v, in another order %d", count, moved)
			if least := rounds() / 100; count[checker.Valid] < least || count[checker.Violation] < least || moved < least {
				t.Errorf("%v, in another order %d: the generator is one-sided", count, moved)
			}
		})
	}
}

// undecidedTies reports whether one of two verdicts is unknown, which depends on the order of the
// file for a model without orders if a process goes on at one time.
func (gm game) undecidedTies(x, y checker.Result) bool {
	return !gm.hasOrders() && (x == checker.Unknown || y == checker.Unknown)
}

// twoLastReads reports whether a check uses the last read, and two reads ended at that time: the
// last one in the file counts.
func (h *History) twoLastReads() bool {
	if name := h.Model.kind.name; name != "set" && name != "final-set" {
		return false
	}
	for key := range h.keys {
		k := &object{h: h, ops: h.ops[key], ranks: h.ranks[key]}
		last := k.lastRead()
		for i, o := range k.ops {
			if last != none && o.code == readAll && int32(i) != last && h.times[k.ranks[o.ret]] == h.times[k.ranks[k.ops[last].ret]] {
				return true
			}
		}
	}
	return false
}

// shuffled draws another order of the lines of a file, which keeps the order of each
// process.
func shuffled(r *rand.Rand, text string) string {
	of := map[string][]string{}
	var processes []string
	for line := range strings.Lines(text) {
		process, _, _ := strings.Cut(line, ",")
		if of[process] == nil {
			processes = append(processes, process)
		}
		of[process] = append(of[process], line)
	}
	var b strings.Builder
	for len(processes) > 0 {
		at := r.IntN(len(processes))
		p := processes[at]
		b.WriteString(of[p][0])
		if of[p] = of[p][1:]; len(of[p]) == 0 {
			processes = append(processes[:at], processes[at+1:]...)
		}
	}
	return b.String()
}
