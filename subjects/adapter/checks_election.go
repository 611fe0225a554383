package adapter

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// An election is a hold that can tell which candidate leads.
var electionsSuite = suiteOf(contracts.Elections, strconv.Itoa, append(slices.Clone(holdChecks), check{"leader", onContenders(tellsLeader)})...)

// tellsLeader checks that the program returns the leading candidate's id, and "" before
// any candidate leads.
func tellsLeader(t *trial, a, b *contender) {
	if !a.Offers(contracts.OfferLeader) {
		t.must(errNotOffered)
	}
	for _, want := range []string{"", fmt.Sprint(a.p.cfg.Client)} {
		if want != "" {
			t.acquire(a)
		}
		for _, o := range []*contender{a, b} {
			t.leads(o, want)
		}
	}
	t.release(a)
}

// leads waits until an object reports that want leads: its server may lag.
func (t *trial) leads(o *contender, want string) {
	t.soon("leader", func(ctx context.Context) error {
		for until := time.Now().Add(t.Patience / 2); ; time.Sleep(aWhile / 10) {
			var leader string
			err := o.Call(ctx, models.FLeader, nil, &leader)
			if err != nil || leader == want {
				return err
			}
			if time.Now().After(until) {
				return fmt.Errorf("%q leads; client %d says %q", want, o.p.cfg.Client, leader)
			}
		}
	})
}
