package adapter

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Transactions, nil,
	check{"normal", onTwo(commitsTogether)},
	check{"no", onTwo(abortsTogether)},
	check{"patience", onTwo(losesPatience)},
	check{"cancel", onTwo(cancelsOutcome)},
)

// sites are the sites of all transactions here.
var sites = []string{"one", "other"}

func (t *trial) prepares(o *object) error {
	return t.soon(models.FPrepare, func(ctx context.Context) error {
		return o.Call(ctx, models.FPrepare, models.Sites{Sites: sites}, nil)
	})
}

func (t *trial) votes(o *object, site string, yes bool) error {
	return t.soon(models.FVote, func(ctx context.Context) error {
		return o.Call(ctx, models.FVote, models.Ballot{Site: site, Yes: yes}, nil)
	})
}

// isTold asks for the outcome and compares it.
func (t *trial) isTold(o *object, commit bool) error {
	return t.soon(models.FOutcome, func(ctx context.Context) error { return told(ctx, o, models.FOutcome, nil, commit) })
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

// commitsTogether: a site waits for the other's vote, and needs no coordinator after that.
// Repeating Prepare or a vote changes nothing.
func commitsTogether(t *trial, a, b *object) error {
	for range 2 {
		if err := t.prepares(a); err != nil {
			return err
		}
		if err := t.votes(a, sites[0], true); err != nil {
			return err
		}
	}
	outcome := t.begin(models.FOutcome, func(ctx context.Context) error { return told(ctx, a, models.FOutcome, nil, true) })
	if err := t.waits(outcome, "one site has not voted"); err != nil {
		return err
	}
	if err := t.votes(b, sites[1], true); err != nil {
		return err
	}
	if err := t.await(outcome); err != nil {
		return err
	}
	return t.isTold(b, true)
}

func abortsTogether(t *trial, a, b *object) error {
	if err := t.prepares(a); err != nil {
		return err
	}
	if err := t.votes(b, sites[1], false); err != nil {
		return err
	}
	if err := t.isTold(a, false); err != nil {
		return err
	}
	if err := t.votes(a, sites[0], true); err != nil {
		return err
	}
	return t.isTold(b, false)
}

// losesPatience: Decide aborts if a vote does not come in time.
func losesPatience(t *trial, a, b *object) error {
	if err := t.prepares(a); err != nil {
		return err
	}
	if err := t.votes(b, sites[1], true); err != nil {
		return err
	}
	err := t.soon(models.FDecide, func(ctx context.Context) error {
		return told(ctx, a, models.FDecide, models.Deciding{Patience: 50}, false)
	})
	if err != nil {
		return err
	}
	return t.isTold(b, false)
}

func cancelsOutcome(t *trial, a, b *object) error {
	if err := t.prepares(a); err != nil {
		return err
	}
	outcome := t.beginSimply(b, models.FOutcome)
	if err := t.waits(outcome, "nobody has voted"); err != nil {
		return err
	}
	if err := t.cancelled(outcome); err != nil {
		return err
	}
	for _, site := range sites {
		if err := t.votes(b, site, true); err != nil {
			return err
		}
	}
	return t.isTold(a, true)
}
