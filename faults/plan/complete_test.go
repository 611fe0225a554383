package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
)

func continuations(text string) (texts []string) {
	for _, c := range plan.Complete(text) {
		texts = append(texts, c.Text)
	}
	return texts
}

func TestComplete(t *testing.T) {
	for text, want := range map[string]string{
		"pau":                       "pause",
		"kill":                      "kill",
		"lose-re":                   "lose-request lose-reply",
		"se":                        "sequence",
		"pause,se":                  "",
		"pause,wi":                  "pause,with:",
		"wi":                        "",
		"pause,with:expi":           "pause,with:expire",
		"pause,with:al":             "",
		"pause,with:expire:ho":      "pause,with:expire:holder pause,with:expire:holder-or-any",
		"pause:lead":                "pause:leader",
		"expire:holder+3s,pause:l":  "expire:holder+3s,pause:leader",
		"pause:leader:":             "pause:leader:weight=",
		"slow-disk:":                "slow-disk:majority slow-disk:all slow-disk:by= slow-disk:weight=",
		"slow-disk:by=5ms:":         "slow-disk:by=5ms:majority slow-disk:by=5ms:all slow-disk:by=5ms:weight=",
		"lose-reply:who=all,expi":   "lose-reply:who=all,expire",
		"all:":                      "all:weight=",
		"sequence:":                 "sequence:times=",
		"lose-reply:who=h":          "",
		"pause@10":                  "",
		"cut@client1/acquire#2/cre": "",
		"nonsense:":                 "",
		"nonsense":                  "",
	} {
		if got := strings.Join(continuations(text), " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for empty, words := range map[string]int{"": 5, "pause,": 3} {
		if got, want := len(continuations(empty)), len(faults.Kinds())+words; got != want {
			t.Errorf("%q: %d continuations, want %d", empty, got, want)
		}
	}
}

// Parse reads every completion, once the missing value is added.
func TestCompleteIsTaken(t *testing.T) {
	values := map[string]string{"weight=": "2", "times=": "2"}
	for _, k := range faults.Kinds() {
		for _, o := range k.Options {
			values[k.Name+":"+o.Key+"="] = o.Example
		}
	}
	var all []string
	for _, first := range append(continuations(""), continuations("pause,")...) {
		all = append(all, first)
		all = append(all, continuations(strings.TrimSuffix(first, ":")+":")...)
	}
	if len(all) < 200 {
		t.Errorf("only %d", len(all))
	}
	for _, text := range all {
		whole := text
		for end, value := range values {
			if strings.HasSuffix(text, end) {
				whole += value
			}
		}
		switch {
		case strings.HasSuffix(text, "with:"):
			whole += "expire"
		case !strings.Contains(whole, "pause"):
			whole += ",pause" // "quiet" alone is no schedule
		}
		if _, err := plan.Parse(whole, 10*time.Second); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The lists tell what each word stands for, if that is declared.
func TestCompleteTellsWhatFor(t *testing.T) {
	want := []plan.Continuation{{Text: "slow-disk:by=", About: "delay"}}
	if d := cmp.Diff(want, plan.Complete("slow-disk:by")); d != "" {
		t.Error(d)
	}
	for _, c := range plan.Complete("") {
		if c.About == "" {
			t.Errorf("%s stands for nothing", c.Text)
		}
	}
}
