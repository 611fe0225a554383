package object

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/zklab/zklab/checker/declared"
)

// worded counts how often its words are made.
type worded int

var made int

func (w worded) String() string {
	made++
	return fmt.Sprintf("number %d", int(w))
}

// The text of a step that does not fit is made when it is shown: a search makes such steps by the thousand.
func TestTextOfUnfitSteps(t *testing.T) {
	next := Ask("next", func(struct{}, context.Context) (worded, error) { return 0, nil })
	step := Runs(next, func(n int, _ None) (int, worded, error) { return n, worded(n), nil })
	value, err := next.decode(nil, json.RawMessage("7"))
	if err != nil {
		t.Fatal(err)
	}
	_, why := step.next(3, value, &declared.Call{Operation: "next", Outcome: declared.Answered}, Caller{}, true)
	if why == nil || made != 0 {
		t.Fatalf("%v: words were made %d times before they were shown", why, made)
	}
	if want := "next answered number 7, but only number 3 is right then"; why.Error() != want {
		t.Errorf("%q, want %q", why, want)
	}
}
