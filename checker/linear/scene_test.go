package linear

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/explain"
)

// TestStories requires that every violation has a story and a drawing, whatever the
// model, with times and without.
func TestStories(t *testing.T) {
	tests := []struct {
		model, steps string // process:type:f:value, separated by blanks
		want         string // a sentence, with times
	}{
		{"register", `0:invoke:write:1 0:ok:write:1 1:invoke:read:nil 1:ok:read:nil`, "Process 1 read nil, between 3.000 s and 4.000 s."},
		{"cas-register", `0:invoke:cas:[1_2] 0:ok:cas:[1_2]`, "Process 0 changed 1 to 2, between 1.000 s and 2.000 s."},
		{"kv", `0:invoke:append:["k"_"\u0007"] 0:ok:append:["k"_"\u0007"] 1:invoke:read:["k"_nil] 1:ok:read:["k"_"x\u001b[2J"]`, `Process 1 read "x\x1b[2J", between 3.000 s and 4.000 s.`},
		{"mutex", `0:invoke:acquire:nil 0:ok:acquire:nil 1:invoke:acquire:nil 1:ok:acquire:nil`, "So no order of these operations explains their answers."},
		{"lock", `0:invoke:acquire:nil 0:ok:acquire:nil 1:invoke:acquire:nil 1:ok:acquire:nil 0:invoke:release:nil`, "So process 0 and process 1 both held it from 4.000 s to 5.000 s, for 1000 ms."},
		{"semaphore:2", `0:invoke:acquire:3 0:ok:acquire:3`, "Process 0 was granted 3 permits, between 1.000 s and 2.000 s."},
		{"queue", `0:invoke:enqueue:1 0:ok:enqueue:1 1:invoke:dequeue:nil 1:ok:dequeue:nil`, "Process 1 found nothing to take, between 3.000 s and 4.000 s."},
		{"bag", `1:invoke:dequeue:nil 1:ok:dequeue:7`, "Process 1 took 7 out, between 1.000 s and 2.000 s."},
		{"set", `0:invoke:add:1 0:ok:add:1 1:invoke:read:nil 1:ok:read:[]`, "Process 1 read 0 elements, between 3.000 s and 4.000 s."},
		{"counter", `0:invoke:add:1 0:ok:add:1 1:invoke:read:nil 1:ok:read:0`, "Process 0 added 1, between 1.000 s and 2.000 s."},
	}
	for _, tt := range tests {
		for _, timed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", tt.model, timed), func(t *testing.T) {
				r := Check(t.Context(), load(t, tt.model, edn(tt.steps, timed)), Options{})
				if r.Verdict != checker.Violation {
					t.Fatalf("%+v", r)
				}
				v := r.Verdicts[0]
				story, drawn := strings.Join(v.Story, "\n"), v.Timeline(explain.Screen{Width: 60, ASCII: true})
				if timed && !strings.Contains(story, tt.want) {
					t.Errorf("no %q in\n%s", tt.want, story)
				}
				if !timed && !strings.Contains(drawn, "\n    line ") || timed && !strings.Contains(drawn, "\n    seconds ") {
					t.Errorf("no axis:\n%s", drawn)
				}
				for _, r := range strings.ReplaceAll(story+drawn, "\n", "") {
					if !unicode.IsPrint(r) {
						t.Errorf("%U in\n%s\n%s", r, story, drawn)
					}
				}
			})
		}
	}
	valid := Check(t.Context(), load(t, "register", edn(`0:invoke:write:1 0:ok:write:1`, true)), Options{})
	if v := valid.Verdicts[0]; v.Story != nil || v.Timeline(explain.Screen{Width: 80}) != "" {
		t.Errorf("a story of nothing: %+v", v)
	}
}

// TestStoriesSpeakOfLinesOrOfTimes requires that a story and its drawing use either
// lines or times, even if the times of some events are missing.
func TestStoriesSpeakOfLinesOrOfTimes(t *testing.T) {
	const steps = `0:invoke:write:1 0:ok:write:1 0:invoke:write:2 0:ok:write:2 1:invoke:read:nil 1:ok:read:1 2:invoke:read:nil`
	for name, tt := range map[string]struct {
		times [7]int // in seconds; 0 means none
		timed bool
	}{
		"all":              {[7]int{1, 2, 3, 4, 5, 6, 7}, true},
		"none":             {},
		"some":             {[7]int{1, 2, 3, 4, 0, 0, 0}, false},
		"one":              {[7]int{0, 0, 0, 4, 0, 0, 0}, false},
		"all that matter":  {[7]int{1, 2, 3, 4, 5, 6, 0}, true},
		"at the same time": {[7]int{1, 1, 1, 1, 1, 1, 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i, line := range strings.SplitAfter(strings.TrimSuffix(string(edn(steps, false)), "\n"), "\n") {
				if at := tt.times[i]; at > 0 {
					line = strings.Replace(line, "}", fmt.Sprintf(" :time %d000000000}", at), 1)
				}
				b.WriteString(line)
			}
			r := Check(t.Context(), load(t, "register", []byte(b.String())), Options{})
			if r.Verdict != checker.Violation {
				t.Fatalf("%+v", r)
			}
			v := r.Verdicts[0]
			story, drawn := strings.Join(v.Story, "\n"), v.Timeline(explain.Screen{Width: 60, ASCII: true})
			if timed := strings.Contains(story, " s."); timed != tt.timed || strings.Contains(story, "line") == timed {
				t.Errorf("times: %v\n%s", timed, story)
			}
			if timed := strings.Contains(drawn, "\n    seconds "); timed != tt.timed || strings.Contains(drawn, "\n    line ") == timed {
				t.Errorf("times: %v\n%s", timed, drawn)
			}
		})
	}
}

// edn writes steps as a history, a second apart, or without times.
func edn(steps string, timed bool) []byte {
	var b strings.Builder
	for i, s := range strings.Fields(steps) {
		p := strings.SplitN(s, ":", 4)
		fmt.Fprintf(&b, "{:process %s :type :%s :f :%s :value %s", p[0], p[1], p[2], strings.ReplaceAll(p[3], "_", " "))
		if timed {
			fmt.Fprintf(&b, " :time %d000000000", i+1)
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}
