package workloads

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// The stays of a client end with its process: a release that belongs to an earlier process is not called, and
// not recorded.
func TestStaysOfAProcessThatWasKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, p := newDesk(t, 1), newLives()
		c := remotely(d, 0, &far{lives: p})
		operation := func(f string) *MixedOperation {
			return &MixedOperation{
				JSONOp:   contracts.NewOp(f, func(any, context.Context, contracts.JSON) (v contracts.JSON, err error) { return v, err }),
				Argument: func(*Draw) (json.RawMessage, error) { return nil, nil },
			}
		}
		acquire, release := operation(models.FAcquire), operation(models.FRelease)
		r := &mixRun{env: d.env(), renewals: &renewals[contracts.At[any]]{}, seats: perKey[*seat]{0: {}}}
		draw := func() *Draw { return r.drawing(c, "k1", numbersOf(1, 0, 1, false), rand.New(rand.NewPCG(1, 1))) }
		_, _ = r.call(t.Context(), c, 0, acquire, draw())
		before := draw()
		if before.Held != 1 {
			t.Errorf("%d stays after an acquire", before.Held)
		}
		p.kill()
		time.AfterFunc(time.Second, p.restart)
		_, _ = r.call(t.Context(), c, 0, release, before)
		if after := draw(); after.Held != 0 {
			t.Errorf("%d stays in the new process", after.Held)
		}
		_, _ = r.call(t.Context(), c, 0, acquire, draw())
		_, _ = r.call(t.Context(), c, 0, release, draw())
		want := []string{"0 invoke acquire", "0 ok acquire", "0 invoke acquire", "0 ok acquire", "0 invoke release", "0 ok release"}
		if diff := cmp.Diff(want, lines(d.read(t))); diff != "" {
			t.Error(diff)
		}
	})
}

// All numbers of all calls differ, however many clients there are and however many numbers a call draws.
func TestNumbersOf(t *testing.T) {
	for _, clients := range []int{1, 5, 50, 51, 120} {
		drawn := map[int64]bool{}
		for call := range int64(3) {
			for client := range clients {
				for _, after := range []bool{false, true} {
					of := numbersOf(call+1, client, clients, after)
					for range 120 {
						n := of.next()
						if drawn[n] || n <= 0 {
							t.Fatalf("%d clients: %d for call %d of client %d", clients, n, call+1, client)
						}
						drawn[n] = true
					}
				}
			}
		}
	}
	for want, of := range map[int64]numbers{703: numbersOf(7, 3, 5, false), 708: numbersOf(7, 3, 5, true)} {
		if n := of.next(); n != want {
			t.Errorf("%d, want %d", n, want)
		}
	}
}

// If a client still has a hold whose session is over, it asks whether it still holds, and ends that
// hold as often as it had begun it, before it begins another. A hold that no operation ends is over
// with its session.
func TestHoldsWhoseSessionIsOver(t *testing.T) {
	for name, tt := range map[string]struct {
		held stays
		want []string
	}{
		"twice": {stays{n: 2, session: 99, endedBy: models.FRelease}, []string{"confirm", "release", "release", "acquire"}},
		"owned": {stays{n: 1, session: 99}, []string{"acquire"}},
		"none":  {stays{n: 0, session: 99, endedBy: models.FRelease}, []string{"acquire"}},
		"lives": {stays{n: 1, endedBy: models.FRelease}, []string{"acquire"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, 1)
				c := remotely(d, 0, &far{lives: newLives()})
				r := &mixRun{env: d.env(), renewals: &renewals[contracts.At[any]]{}, seats: perKey[*seat]{0: {}}}
				for _, f := range []string{models.FAcquire, models.FRelease, models.FConfirm} {
					r.Operations = append(r.Operations, MixedOperation{
						JSONOp: contracts.NewOp(f, func(any, context.Context, contracts.JSON) (contracts.JSON, error) {
							return contracts.JSON{RawMessage: json.RawMessage("false")}, nil
						}),
						Weight: 1, Argument: func(*Draw) (json.RawMessage, error) { return nil, nil },
					})
				}
				tt.held.life = 1
				r.seats[0]["k1"] = &seat{stays: tt.held}
				_, _ = r.call(t.Context(), c, 0, &r.Operations[0], r.drawing(c, "k1", numbersOf(1, 0, 1, false), rand.New(rand.NewPCG(1, 1))))
				var got []string
				for _, op := range d.read(t).Operations() {
					got = append(got, op.F)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
