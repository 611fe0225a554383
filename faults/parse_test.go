package faults

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What people may write, and how it is written back.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"  ":                                 "",
		"pause":                              "pause",
		"pause,expire":                       "pause,expire",
		" pause:majority, expire:holder ":    "pause:majority,expire:holder",
		"pause:leader@10s+5s":                "pause:leader@10s+5s",
		"pause@0s":                           "pause@0s",
		"pause:leader@10s+5s/30s":            "pause:leader@10s+5s/30s",
		"pause:leader@10s/30s":               "pause:leader@10s/30s",
		"pause/30s":                          "pause/30s",
		"pause@30s/30s":                      "pause/30s",
		"pause+1500ms":                       "pause+1.5s",
		"pause+90s":                          "pause+1m30s",
		"pause@3600s":                        "pause@1h",
		"pause+10us":                         "pause+10us",
		"mix,pause":                          "pause",
		"sequence,pause,expire":              "sequence,pause,expire",
		"sequence:times=2,pause,quiet:20s":   "sequence:times=2,pause,quiet:20s",
		"quiet,pause,quiet:1m":               "quiet,pause,quiet:1m",
		"quiet:weight=2:3s,pause":            "quiet:3s:weight=2,pause",
		"all":                                "all",
		"all:weight=2+3s,pause":              "all:weight=2+3s,pause",
		"pause:weight=3:leader,expire":       "pause:leader:weight=3,expire",
		"pause:weight=1,expire":              "pause,expire",
		"pause+5s,with:expire:all,expire":    "pause+5s,with:expire:all,expire",
		"pause:weight=2+5s,with:expire":      "pause:weight=2+5s,with:expire",
		"pause@10s,with:expire,expire@12s":   "pause@10s,with:expire,expire@12s",
		"pause@10s,pause@10s":                "pause@10s,pause@10s",
		"pause:leader@10s+5s,expire,all+10s": "pause:leader@10s+5s,expire,all+10s",
	} {
		x, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := x.String(); got != want {
			t.Errorf("%q is written back as %q, want %q", text, got, want)
		}
		again, err := Parse(x.String())
		if err != nil || !same(x, again) {
			t.Errorf("%q: written and read again it is %+v, not %+v (%v)", text, again, x, err)
		}
	}
}

// same compares expressions; a weight of 1 is none.
func same(a, b Expression) bool {
	return reflect.DeepEqual(a, b)
}

// What is wrong is named, with its place and the way out.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"paus":                        `1: unknown fault "paus"; did you mean "pause"? known are pause, kill`,
		"expire,Pause":                `8: unknown fault "Pause"; did you mean "pause"?`,
		"xyzzyxyzzy":                  `1: unknown fault "xyzzyxyzzy"; known are`,
		"pause:leadr@10s":             `7: pause knows no "leadr"; did you mean "leader"? it takes leader, followers, one, minority, majority, all, `,
		"pause:":                      `7: an argument is missing behind the colon; it takes leader, `,
		"pause:leader:one":            `14: pause takes one word, and has "leader" before "one"`,
		"pause:leader:leader":         `14: pause takes one word`,
		"pause:wieght=2":              `7: pause knows no "wieght"; did you mean "weight"?`,
		"pause:weight=2:weight=2":     `16: weight stands twice`,
		"pause:weight=0":              `14: "0" is no number from 1 to 100`,
		"pause:weight=":               `14: "" is no number`,
		"pause:weight=-1":             `14: "-1" is no number`,
		"pause@10s:weight=2":          `7: "10s:weight=2" is no time`,
		"pause:weight=2@10s":          `6: weight is for faults that take turns`,
		"pause@":                      `6: a time is missing behind "@"`,
		"pause@10":                    `7: "10" is no time; write 10s, 500ms or 2m`,
		"pause@ten":                   `7: "ten" is no time`,
		"pause@-5s":                   `7: a time must not be negative`,
		"pause+-5s":                   `7: a time must not be negative`,
		"pause@10s@20s":               `10: "@" stands twice`,
		"pause+1s+2s":                 `9: "+" stands twice`,
		"pause/1s/2s":                 `9: "/" stands twice`,
		"pause+5s@10s":                `9: "@" stands behind "+"; write @10s+5s/30s`,
		"pause/30s@10s":               `10: "@" stands behind "/"`,
		"pause+0s":                    `6: a fault that lasts no time is none`,
		"pause@9999h":                 `7: 9999h is longer than a week`,
		"pause@99999999999999999999h": `7: "99999999999999999999h" is no time`,
		"pause/1ms":                   `6: a fault can come again every 100ms at most`,
		"pause+10s/5s":                `10: it lasts 10s, which is longer than the 5s`,
		"pause,":                      `7: a fault is missing`,
		",pause":                      `1: a fault is missing`,
		"pause,,expire":               `7: a fault is missing`,
		"pause, ,expire":              `8: a fault is missing`,
		":leader":                     `1: a name is missing`,
		"pause,sequence":              `7: sequence stands before all faults`,
		"sequence":                    `1: there is no fault in it; write, for example, sequence,pause,expire`,
		"quiet:1s,quiet":              `1: there is no fault in it`,
		"quiet:0s,pause":              `7: quiet that lasts no time`,
		"sequence:time=2,pause":       `9: sequence takes no ":time=2"`,
		"sequence:times=0,pause":      `16: "0" is no number`,
		"sequence@5s,pause":           `9: sequence takes no "@5s"`,
		"mix:times=2,pause":           `4: mix takes no ":times=2"`,
		"quiet@10s":                   `6: quiet has no times; write quiet:20s`,
		"quiet:20":                    `7: "20" is no time`,
		"quiet:1s:2s":                 `10: quiet takes one time; "2s" is too much`,
		"all@10s":                     `4: all stands for faults that take turns`,
		"all:leader":                  `5: all takes no "leader"`,
		"with:expire":                 `5: with begins together with the fault before it`,
		"all,with:expire":             `9: with begins together with the fault before it`,
		"pause,with":                  `11: with is followed by a colon and a fault`,
		"pause,with:":                 `12: unknown fault ""`,
		"pause,with:quiet":            `12: quiet is no fault that could begin together`,
		"pause,with:expire+5s":        `18: times and weights of what begins together stand at the first: pause+5s,with:expire`,
		"pause;expire":                `6: ';' belongs nowhere`,
		"pause:$(rm)":                 `7: '$' belongs nowhere`,
		"päuse":                       `2: 'ä' belongs nowhere`,
		"pause\nexpire":               `6: '\n' belongs nowhere`,
	} {
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: error %v", text, err)
			continue
		}
		if !strings.Contains(err.Error(), ": position "+want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
		if strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%q: %v is no line", text, err)
		}
	}
}

// An error of a very long expression shows the place and not the whole.
func TestParseErrorIsShort(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("pause,", 1000) + "paus," + strings.Repeat("pause,", 1000) + "pause",
		strings.Repeat("ä", 5000),
		strings.Repeat("x", 5000),
	} {
		_, err := Parse(text)
		if err == nil || len(err.Error()) > 1000+len(strings.Join(names(), ", ")) {
			t.Errorf("%d characters: %.300v", len(text), err)
		}
	}
}

// Nothing that a shell would take, and nothing that cannot be read back: for
// every fault with every word and every option.
func TestSpecsRoundTrip(t *testing.T) {
	reserved := []string{allName, quietName, withName, sequenceName, mixName}
	for _, k := range kinds {
		for _, r := range reserved {
			if k.name == r {
				t.Errorf("a fault is called %s", r)
			}
		}
		if k.about == "" {
			t.Errorf("%s does not say what it does", k.name)
		}
		if (k.word == nil) != (len(k.examples) == 0) {
			t.Errorf("%s has the examples %q of words", k.name, k.examples)
		}
		for _, example := range k.examples {
			if err := k.word(example); err != nil {
				t.Errorf("an example of %s: %v", k.name, err)
			}
		}
		words := slices.Concat([]string{""}, k.words, k.examples)
		for _, word := range words {
			roundTrip(t, k, arguments{word: word})
			all := map[string]string{}
			for _, o := range k.options {
				if o.key == weightKey || o.about == "" || o.check(o.example) != nil {
					t.Errorf("option %+v of %s: no good", o, k.name)
				}
				all[o.key] = o.example
				roundTrip(t, k, arguments{word: word, options: map[string]string{o.key: o.example}})
			}
			if len(all) > 1 {
				roundTrip(t, k, arguments{word: word, options: all})
			}
		}
	}
}

// roundTrip writes a fault and reads it again.
func roundTrip(t *testing.T, k kind, a arguments) {
	t.Helper()
	f := k.build(a)
	if f.Kind() != k.name {
		t.Errorf("a fault of kind %s calls itself %s", k.name, f.Kind())
	}
	for _, times := range []string{"", "@10s", "+5s", "/30s", "@10s+5s/30s"} {
		x, err := Parse(f.Spec() + times)
		if err != nil {
			t.Errorf("%+v: %v", a, err)
			return
		}
		if diff := cmp.Diff(f, x.items[0].turn.Faults[0], cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%+v is written as %s and read as another: %s", a, f.Spec(), diff)
		}
		if x.String() != f.Spec()+times {
			t.Errorf("%s is read as %s", f.Spec()+times, x)
		}
	}
}

// Whatever somebody writes, there is no panic, errors are lines, and what was
// read is written as something that is read the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"pause", "pause:leader@10s+5s/30s,expire:holder", "sequence:times=2,pause,quiet:20s,with:expire", "all:weight=2+3s",
		"pause,,", "pause@@", "with:with:pause", "quiet:1h:weight=3", "mix,pause+1us", "x:path=/a/b/30s", "x:path=/a@1s/2s",
	} {
		f.Add(text)
	}
	for _, k := range kinds {
		for _, o := range k.options {
			f.Add(k.name + ":" + o.key + "=" + o.example + "/30s")
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := Parse(x.String())
		if err != nil || !same(x, again) {
			t.Fatalf("%q is %+v; written as %q and read again it is %+v (%v)", text, x, x, again, err)
		}
		if s := x.Schedule(10 * time.Second); s != nil {
			plan := s.Plan(time.Minute, rand.New(rand.NewPCG(1, 2)))
			Missed(s, plan, time.Minute)
			Length(s)
			if written, _, ok := Written(s); !ok || !samePlan(written.Schedule(10*time.Second), s) {
				t.Fatalf("%q is written back from its schedule as %q", text, written)
			}
		}
	})
}

// samePlan compares what two schedules plan.
func samePlan(a, b Schedule) bool {
	plan := func(s Schedule) []Step { return s.Plan(10*time.Minute, rand.New(rand.NewPCG(3, 4))) }
	return reflect.DeepEqual(plan(a), plan(b))
}
