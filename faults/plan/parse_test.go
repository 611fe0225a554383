package plan

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
)

// TestParse has expressions that people may write, and their normal form.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"  ":                                 "",
		"pause":                              "pause",
		"pause,expire":                       "pause,expire",
		" pause:majority, expire:holder ":    "pause:majority,expire:holder",
		"pause:leader@10s+5s":                "pause:leader@10s+5s",
		"pause@0s":                           "pause@0s+5s",
		"pause:leader@10s+5s/30s":            "pause:leader@10s+5s/30s",
		"pause:leader@10s/30s":               "pause:leader@10s+5s/30s",
		"pause/30s":                          "pause+5s/30s",
		"pause@30s/30s":                      "pause+5s/30s",
		"pause+1500ms":                       "pause+1.5s",
		"pause+90s":                          "pause+1m30s",
		"pause@3600s":                        "pause@1h+5s",
		"pause+10us":                         "pause+10us",
		"mix,pause":                          "pause",
		"sequence,pause,expire":              "sequence,pause,expire",
		"sequence:times=2,pause,quiet:20s":   "sequence:times=2,pause,quiet:20s",
		"quiet,pause,quiet:1m":               "quiet,pause,quiet:1m",
		"quiet:weight=2:3s,pause":            "quiet:3s:weight=2,pause",
		"all":                                "all",
		"all,-move,pause,-kill":              "all,-move,-kill,pause",
		"all:weight=2+3s,pause":              "all:weight=2+3s,pause",
		"pause:weight=3:leader,expire":       "pause:leader:weight=3,expire",
		"pause:weight=1,expire":              "pause,expire",
		"pause+5s,with:expire:all,expire":    "pause+5s,with:expire:all,expire",
		"pause:weight=2+5s,with:expire":      "pause:weight=2+5s,with:expire",
		"expire,pause@10s,with:expire":       "pause@10s+5s,with:expire,expire",
		"pause@10s,pause@10s+1s":             "pause@10s+5s,pause@10s+1s",
		"pause:leader@10s+5s,expire,all+10s": "pause:leader@10s+5s,expire,all+10s",

		"lose-reply@client1/acquire#2/getChildren#1":         "lose-reply@client1/acquire#2/getChildren#1/reply+5s",
		"kill:leader@client0/add#10/create2#1/after+2s":      "kill:leader@client0/add#10/create#1/after+2s",
		"cut@client0/a#1/event#1,with:expire:client-2,pause": "cut@client0/a#1/event#1+5s,with:expire:client-2,pause",
	} {
		x, err := Parse(text, 10*time.Second)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := x.String(); got != want {
			t.Errorf("%q is written back as %q, want %q", text, got, want)
		}
		again, err := Parse(x.String(), 10*time.Second)
		if err != nil || !same(x, again) {
			t.Errorf("%q: written and read again it is %+v, not %+v (%v)", text, again, x, err)
		}
	}
}

// same compares schedules; a weight of 1 is none.
func same(a, b Schedule) bool {
	return reflect.DeepEqual(a, b)
}

// Errors name what is wrong, its position, and what would be right.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"paus":                        `1: unknown fault "paus"; did you mean "pause"? known are pause, kill`,
		"expire,Pause":                `8: unknown fault "Pause"; did you mean "pause"?`,
		"xyzzyxyzzy":                  `1: unknown fault "xyzzyxyzzy"; known are`,
		"pause:leadr@10s":             `7: pause has no "leadr"; did you mean "leader"? it takes leader, followers, observer, one, minority, majority, all, `,
		"all,-paus":                   `6: unknown fault "paus"; did you mean "pause"? - leaves a kind of fault out of "all", as in all,-move`,
		"kill,-pause":                 `7: without "all", pause has nothing to leave out: write all,-pause`,
		"all,-":                       `6: unknown fault ""`,
		"pause:":                      `7: an argument is missing after the colon; it takes leader, `,
		"pause:leader:one":            `14: pause takes one word, but has "leader" and "one"`,
		"pause:leader:leader":         `14: pause takes one word`,
		"pause:wieght=2":              `7: pause has no "wieght"; did you mean "weight"?`,
		"pause:weight=2:weight=2":     `16: weight appears twice`,
		"pause:weight=0":              `14: "0" is not a number from 1 to 100`,
		"pause:weight=":               `14: "" is not a number`,
		"pause:weight=-1":             `14: "-1" is not a number`,
		"pause@10s:weight=2":          `7: "10s:weight=2" is not a time`,
		"pause:weight=2@10s":          `6: weight is for faults that take turns`,
		"pause@":                      `6: a time is missing after "@"`,
		"pause@10":                    `7: "10" is not a time; write 10s, 500ms or 2m`,
		"pause@ten":                   `7: "ten" is not a time`,
		"pause@-5s":                   `7: a time must not be negative`,
		"pause+-5s":                   `7: a time must not be negative`,
		"pause@10s@20s":               `10: "@" appears twice`,
		"pause+1s+2s":                 `9: "+" appears twice`,
		"pause/1s/2s":                 `9: "/" appears twice`,
		"pause+5s@10s":                `9: "@" must come before "+"; write @10s+5s/30s`,
		"pause/30s@10s":               `10: "@" must come before "/"`,
		"pause+0s":                    `6: a fault must last longer than 0s`,
		"pause@9999h":                 `7: 9999h is longer than a week`,
		"pause@99999999999999999999h": `7: "99999999999999999999h" is not a time`,
		"pause/1ms":                   `6: a fault can come again every 100ms at the earliest`,
		"pause+10s/5s":                `10: it lasts 10s, which is longer than the 5s`,
		"pause,":                      `7: a fault is missing`,
		",pause":                      `1: a fault is missing`,
		"pause,,expire":               `7: a fault is missing`,
		"pause, ,expire":              `8: a fault is missing`,
		":leader":                     `1: a name is missing`,
		"pause,sequence":              `7: sequence must come before all faults`,
		"sequence":                    `1: it contains no fault; write, for example, sequence,pause,expire`,
		"quiet:1s,quiet":              `1: it contains no fault`,
		"quiet:0s,pause":              `7: quiet must last`,
		"sequence:time=2,pause":       `9: sequence takes no ":time=2"`,
		"sequence:times=0,pause":      `16: "0" is not a number`,
		"sequence@5s,pause":           `9: sequence takes no "@5s"`,
		"mix:times=2,pause":           `4: mix takes no ":times=2"`,
		"quiet@10s":                   `6: quiet has no times; write quiet:20s`,
		"quiet:20":                    `7: "20" is not a time`,
		"quiet:1s:2s":                 `10: quiet takes one time: leave out "2s"`,
		"all@10s":                     `4: all stands for faults that take turns`,
		"all:leader":                  `5: all takes no "leader"`,
		"with:expire":                 `5: with begins together with the fault before it`,
		"all,with:expire":             `9: with begins together with the fault before it`,
		"pause,with":                  `11: with needs a colon and a fault`,
		"pause,with:":                 `12: unknown fault ""`,
		"pause,with:quiet":            `12: quiet cannot begin together`,
		"pause,with:expire+5s":        `18: faults that begin together get their times and weights from the first: pause+5s,with:expire`,
		"pause;expire":                `6: ';' is not allowed`,

		"cut@client1":   `5: "client1" is not a point: write client, operation and message, as in client1/acquire#2/create#1`,
		"cut@acquire#1": `5: "acquire#1" is not a point`,
		"expire,cut@client1/acquire#2/craete#1+5s":          `12: "craete" is not a message; did you mean "create"?`,
		"cut@client1/acquire#2/create#1/30s":                `5: "30s" is not allowed there`,
		"cut@client1/acquire#2/create#1+5s/30s":             `34: a message passes once, so the fault cannot come again`,
		"cut:weight=2@client1/acquire#2/create#1":           `4: weight is for faults that take turns`,
		"all@client1/acquire#2/create#1":                    `4: all stands for faults that take turns`,
		"quiet@client1/acquire#2/create#1":                  `6: quiet has no times`,
		"partition@client1/acquire#2/create#1":              `11: partition is not injected at a message, but at a time; at messages are pause, kill,`,
		"lose-reply:create@client1/acquire#2/create#1":      `19: lose-reply at a message takes the message only`,
		"cut@client1/acquire#2/create#1,with:late-event":    `37: late-event is injected at events`,
		"cut@client1/acquire#2/create#1,with:lose-reply":    `37: lose-reply is injected at client1/acquire#2/create#1/reply, not at client1/acquire#2/create#1`,
		"cut@client1/acquire#2/create#1@10s":                `31: "@" appears twice`,
		"lose-request@client1/acquire#2/create#1/reply":     `14: lose-request is injected at requests, and`,
		"lose-reply@client1/acquire#2/create#1/reply/after": `12: lose-reply is over when the message goes on`,
		"pause:$(rm)":   `7: '$' is not allowed`,
		"päuse":         `2: 'ä' is not allowed`,
		"pause\nexpire": `6: '\n' is not allowed`,
	} {
		_, err := Parse(text, 10*time.Second)
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

// An error in a very long expression shows only the part around its position.
func TestParseErrorIsShort(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("pause,", 1000) + "paus," + strings.Repeat("pause,", 1000) + "pause",
		strings.Repeat("ä", 5000),
		strings.Repeat("x", 5000),
	} {
		_, err := Parse(text, 10*time.Second)
		if err == nil || len(err.Error()) > 1000+len(strings.Join(names(), ", ")) {
			t.Errorf("%d characters: %.300v", len(text), err)
		}
	}
}

// Every fault with every word and every option is written without characters that a shell interprets,
// and can be read back.
func TestSpecsRoundTrip(t *testing.T) {
	reserved := []string{allName, quietName, withName, sequenceName, mixName, aimedName}
	for _, k := range faults.Kinds() {
		for _, r := range reserved {
			if k.Name == r {
				t.Errorf("a fault is called %s", r)
			}
		}
		if k.About == "" {
			t.Errorf("%s does not say what it does", k.Name)
		}
		for _, word := range k.Words {
			if err := k.Takes(word); err != nil {
				t.Errorf("a word of %s: %v", k.Name, err)
			}
		}
		for _, word := range slices.Concat([]string{""}, k.Words) {
			roundTrip(t, k, arguments{word: word})
			all := map[string]string{}
			for _, o := range k.Options {
				if o.Key == weightKey || o.About == "" || o.Check(o.Example) != nil {
					t.Errorf("option %+v of %s: no good", o, k.Name)
				}
				all[o.Key] = o.Example
				roundTrip(t, k, arguments{word: word, options: map[string]string{o.Key: o.Example}})
			}
			if len(all) > 1 {
				roundTrip(t, k, arguments{word: word, options: all})
			}
		}
	}
}

// roundTrip writes a fault and reads it again.
func roundTrip(t *testing.T, k faults.Kind, a arguments) {
	t.Helper()
	f := k.New(a.word, a.options)
	if f.Kind() != k.Name {
		t.Errorf("a fault of kind %s calls itself %s", k.Name, f.Kind())
	}
	for times, written := range map[string]string{"": "", "@10s": "@10s+5s", "+5s": "+5s", "/30s": "+5s/30s", "@10s+5s/30s": "@10s+5s/30s"} {
		x, err := Parse(f.Spec()+times, 10*time.Second)
		if err != nil {
			t.Errorf("%+v: %v", a, err)
			return
		}
		if diff := cmp.Diff(f, x[0].Turns[0].Faults[0], cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%+v is written as %s and read as another: %s", a, f.Spec(), diff)
		}
		if x.String() != f.Spec()+written {
			t.Errorf("%s is read as %s", f.Spec()+times, x)
		}
	}
}

// Whatever somebody writes, there is no panic, errors are single lines, and what was read is written in
// a form that is read back the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"pause", "pause:leader@10s+5s/30s,expire:holder", "sequence:times=2,pause,quiet:20s,with:expire", "all:weight=2+3s",
		"pause,,", "pause@@", "with:with:pause", "quiet:1h:weight=3", "mix,pause+1us", "x:path=/a/b/30s", "x:path=/a@1s/2s",
		"lose-reply@client1/acquire#2/getChildren#1", "kill@client0/a#1/connect#2/reply/after+2s,with:cut",
	} {
		f.Add(text)
	}
	for _, k := range faults.Kinds() {
		for _, o := range k.Options {
			f.Add(k.Name + ":" + o.Key + "=" + o.Example + "/30s")
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Parse(text, 10*time.Second)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := Parse(x.String(), 10*time.Second)
		if err != nil || !same(x, again) {
			t.Fatalf("%q is %+v; written as %q and read again it is %+v (%v)", text, x, x, again, err)
		}
		plan := x.Plan(time.Minute, rand.New(rand.NewPCG(1, 2)))
		x.Missed(plan, time.Minute)
		x.Length()
		if !samePlan(again, x) {
			t.Fatalf("%q is written as %q, which is planned otherwise", text, x)
		}
	})
}

// samePlan compares the plans of two schedules.
func samePlan(a, b Schedule) bool {
	plan := func(s Schedule) []Step { return s.Plan(10*time.Minute, rand.New(rand.NewPCG(3, 4))) }
	return reflect.DeepEqual(plan(a), plan(b))
}
