package adapter

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var transactionsSuite = suiteOf(contracts.Transactions, nil,
	check{"normal", onTwo(commitsTogether)},
	check{"no", onTwo(abortsTogether)},
	check{"patience", onTwo(losesPatience)},
	check{"cancel", onTwo(cancelsOutcome)},
)

// sites lists the sites of all transactions in these checks.
var sites = []string{"one", "other"}

func (t *trial) prepares(o *object) {
	calls(t, o, contracts.TransactionPrepare, models.Sites{Sites: sites})
}

func (t *trial) votes(o *object, site string, yes bool) {
	calls(t, o, contracts.TransactionVote, models.Ballot{Site: site, Yes: yes})
}

// isTold asks for the outcome and compares it.
func (t *trial) isTold(o *object, commit bool) {
	t.soon(models.FOutcome, func(ctx context.Context) error { return told(ctx, o, models.FOutcome, nil, commit) })
}

func told(ctx context.Context, o *object, operation string, value any, commit bool) error {
	var got models.Decision
	if err := o.Call(ctx, operation, value, &got); err != nil {
		return err
	}
	if want := (models.Decision{Commit: commit}); got != want {
		return fmt.Errorf("%s gave %s, want %s", operation, got, want)
	}
	return nil
}

// commitsTogether checks that a site waits for the other's vote, and needs no coordinator
// after that, and that repeating Prepare or a vote changes nothing.
func commitsTogether(t *trial, a, b *object) {
	for range 2 {
		t.prepares(a)
		t.votes(a, sites[0], true)
	}
	outcome := t.begin(models.FOutcome, func(ctx context.Context) error { return told(ctx, a, models.FOutcome, nil, true) })
	t.waits(outcome, "one site has not voted")
	t.votes(b, sites[1], true)
	t.must(t.await(outcome))
	t.isTold(b, true)
}

func abortsTogether(t *trial, a, b *object) {
	t.prepares(a)
	t.votes(b, sites[1], false)
	t.isTold(a, false)
	t.votes(a, sites[0], true)
	t.isTold(b, false)
}

// losesPatience checks that Decide aborts if a vote does not come in time.
func losesPatience(t *trial, a, b *object) {
	t.prepares(a)
	t.votes(b, sites[1], true)
	t.soon(models.FDecide, func(ctx context.Context) error {
		return told(ctx, a, models.FDecide, models.Deciding{Patience: 50}, false)
	})
	t.isTold(b, false)
}

func cancelsOutcome(t *trial, a, b *object) {
	t.prepares(a)
	outcome := t.beginSimply(b, models.FOutcome)
	t.waits(outcome, "nobody has voted")
	t.cancelled(outcome)
	for _, site := range sites {
		t.votes(b, site, true)
	}
	t.isTold(a, true)
}
