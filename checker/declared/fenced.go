package declared

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/internal/base/panics"
)

// Fenced returns the rule that fencing tokens never decrease: no call of an operation succeeds with
// a lower token than a call on the same key that had succeeded before it began. token returns the
// token in an argument. A call that was refused, or that answered false, did not succeed.
func Fenced(operation string, token func(argument json.RawMessage) int64) []Rule {
	return rules(&frame.Property{
		Name:     operation + "-fenced",
		Meaning:  fmt.Sprintf("no %s was done with a lower token than one that had been done before it began", operation),
		Decider:  "greatest token before each call",
		Evidence: func(*evidence.Record) string { return "R" },
		Decide: func(_ context.Context, k *evidence.Key) (f frame.Finding) {
			defer func() {
				if p := recover(); p != nil {
					f.Unknown("the function of the token panicked: %v%s", p, panics.Place())
				}
			}()
			decideFenced(&f, keyOf(k), operation, token)
			return f
		},
	})
}

// guarded is a call that succeeded, with its token.
type guarded struct {
	*Call
	token int64
}

func decideFenced(f *frame.Finding, k *Key, operation string, token func(json.RawMessage) int64) {
	var began []guarded
	for c := range k.Of(operation) {
		if c.Outcome == Answered && string(c.Answer) != "false" {
			began = append(began, guarded{c, token(c.Argument)})
		}
	}
	ended := slices.Clone(began)
	slices.SortStableFunc(ended, func(a, b guarded) int { return cmp.Compare(a.Ended, b.Ended) })
	var greatest *guarded
	for _, now := range began { // in order of invocation
		for len(ended) > 0 && ended[0].Ended < now.Began {
			if greatest == nil || ended[0].token > greatest.token {
				greatest = &ended[0]
			}
			ended = ended[1:]
		}
		if greatest != nil && now.token < greatest.token {
			f.Violated(append(greatest.Events(), now.Events()...), "%s of %s was done for client %d with token %d at %s, although it had been done for client %d with token %d by %s, before that call began",
				operation, k.Name, now.Client, now.token, at(now.Ended), greatest.Client, greatest.token, at(greatest.Ended))
			return
		}
	}
}
