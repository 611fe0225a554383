package workloads

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/subjects"
)

// An argument is drawn from each answer once, or again if the call had no effect.
func TestAnswer(t *testing.T) {
	r := &mixRun{seats: perKey[*seat]{0: {}}}
	c := &Client{Client: &subjects.Client{}}
	draw := func() *Draw { return &Draw{Rand: rand.New(rand.NewPCG(1, 1)), answers: r.remembered(c, "k")} }
	if _, ok := draw().Answer("claim"); ok {
		t.Error("there is an answer before the first")
	}
	for _, answer := range []string{"7", "null", `""`, "", "8"} {
		r.remember(c, "k", "claim", json.RawMessage(answer))
	}
	r.remember(c, "other", "claim", json.RawMessage("9"))
	d := draw()
	first, ok := d.Answer("claim")
	second, again := d.Answer("claim")
	if got := string(first) + string(second); !ok || !again || got != "78" && got != "87" {
		t.Errorf("drew %s and %s", first, second)
	}
	if _, ok := draw().Answer("claim"); ok {
		t.Error("an answer is drawn twice")
	}
	d.giveBack()
	if _, ok := draw().Answer("claim"); !ok {
		t.Error("an answer is not given back")
	}
	if d := draw(); !d.none {
		if _, ok := d.Answer("finish"); ok || !d.none {
			t.Error("an operation has the answers of another one")
		}
	}
}
