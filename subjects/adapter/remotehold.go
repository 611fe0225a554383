package adapter

import (
	"context"

	"github.com/zklab/zklab/subjects"
)

// exclusive is what a lock and a candidate have in common, and what each of
// them has alone: who gets one sees only half of it.
type exclusive interface {
	subjects.Lock
	subjects.Election
	subjects.Closer
}

// holder is an object as a lock, and as a candidate.
type holder struct{ *object }

func (h holder) Lock(ctx context.Context) error     { return h.acquire(ctx) }
func (h holder) Unlock(ctx context.Context) error   { return h.simply(ctx, opRelease) }
func (h holder) Campaign(ctx context.Context) error { return h.acquire(ctx) }
func (h holder) Resign(ctx context.Context) error   { return h.simply(ctx, opRelease) }

// What a holder may offer, each a type of its own, so that what is not offered is absent.

type fencer struct{ o *object }

func (f fencer) Fence() int64 {
	if h := f.o.present(); h != nil {
		return int64(h.Token)
	}
	return 0
}

type owner struct{ o *object }

func (w owner) Session() int64 {
	if h := w.o.present(); h != nil {
		return int64(h.result.Session)
	}
	return 0
}

type loser struct{ o *object }

// Lost of an object without a hold never closes.
func (l loser) Lost() <-chan struct{} {
	if h := l.o.present(); h != nil {
		return h.lost
	}
	return nil
}

// Held asks. While no hold is there, it is not held.
func (l loser) Held(ctx context.Context) (bool, error) {
	r, err := l.o.do(ctx, request{Op: opHeld})
	if err != nil {
		return false, err
	}
	return r.Held, nil
}

type teller struct{ o *object }

func (t teller) Leader(ctx context.Context) (string, error) {
	r, err := t.o.do(ctx, request{Op: opLeader})
	if err != nil {
		return "", err
	}
	return r.Leader, nil
}

// offering gives an object the methods of what it offers, and no others.
func offering(o *object) exclusive {
	h, f, s, l, t := holder{o}, fencer{o}, owner{o}, loser{o}, teller{o}
	type has struct{ fence, session, lost, leader bool }
	switch (has{o.offers(offerFence), o.offers(offerSession), o.offers(offerLost), o.offers(offerLeader)}) {
	case has{false, false, false, false}:
		return h
	case has{false, false, false, true}:
		return struct {
			holder
			teller
		}{h, t}
	case has{false, false, true, false}:
		return struct {
			holder
			loser
		}{h, l}
	case has{false, false, true, true}:
		return struct {
			holder
			loser
			teller
		}{h, l, t}
	case has{false, true, false, false}:
		return struct {
			holder
			owner
		}{h, s}
	case has{false, true, false, true}:
		return struct {
			holder
			owner
			teller
		}{h, s, t}
	case has{false, true, true, false}:
		return struct {
			holder
			owner
			loser
		}{h, s, l}
	case has{false, true, true, true}:
		return struct {
			holder
			owner
			loser
			teller
		}{h, s, l, t}
	case has{true, false, false, false}:
		return struct {
			holder
			fencer
		}{h, f}
	case has{true, false, false, true}:
		return struct {
			holder
			fencer
			teller
		}{h, f, t}
	case has{true, false, true, false}:
		return struct {
			holder
			fencer
			loser
		}{h, f, l}
	case has{true, false, true, true}:
		return struct {
			holder
			fencer
			loser
			teller
		}{h, f, l, t}
	case has{true, true, false, false}:
		return struct {
			holder
			fencer
			owner
		}{h, f, s}
	case has{true, true, false, true}:
		return struct {
			holder
			fencer
			owner
			teller
		}{h, f, s, t}
	case has{true, true, true, false}:
		return struct {
			holder
			fencer
			owner
			loser
		}{h, f, s, l}
	}
	return struct {
		holder
		fencer
		owner
		loser
		teller
	}{h, f, s, l, t}
}
