package object

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/zklab/zklab/checker/declared"
)

// Owners is the rule that [Owned] returns.
type Owners struct {
	place
	claim, release *operation
	wrong          error // what is wrong with the operation that Until got
}

// Owned is the rule that what claim answers is the client's own, such as a worker number: no two
// clients own the same answer of one object at the same time. A client owns it from the answer until
// its session or its process ends, or until it calls claim again, or the operation of [Owners.Until].
// An answer of nil gives nothing. The rule is named after the operation: "claim-owned". A claim that
// gives the old answer back first must not fail with subjects.WithoutEffect after that.
//
// Only times for which a client certainly had it count: a session lived as long as a quorum answered
// its requests.
func Owned[S, A, R any](claim *Op[S, A, R]) *Owners {
	return &Owners{place: here(), claim: operationOf(claim)}
}

// Until declares an operation that gives back what the client has: whatever equals its argument, or
// everything if it has none. Unless [Op.When] says otherwise, a client claims when it has nothing, and
// gives back when it has something. At the end it gives back what it has.
func (w *Owners) Until(release releases) *Owners {
	if release == nil || reflect.ValueOf(release).IsNil() {
		w.wrong = errors.New("the operation of Until is nil")
		return w
	}
	w.release = release.self()
	return w
}

// releases is an [Op] of any type.
type releases interface{ self() *operation }

func (o *Op[S, A, R]) self() *operation { return &o.operation }

func (w *Owners) rules(operations []*operation) ([]declared.Rule, error) {
	claim, err := named(operations, w.claim, "Owned")
	switch {
	case err != nil:
		return nil, err
	case w.wrong != nil:
		return nil, w.wrong
	case claim.answer == reflect.TypeFor[None]():
		return nil, fmt.Errorf("Owned is about the answers of operation %q, but it has none", claim.name)
	}
	claim.load.Owns = true
	if w.release == nil {
		return declared.Owned(declared.Owning{Claim: claim.name}), nil
	}
	release, err := named(operations, w.release, "Until")
	switch none := reflect.TypeFor[None](); {
	case err != nil:
		return nil, err
	case release == claim:
		return nil, fmt.Errorf("operation %q both claims and gives back: name two operations", claim.name)
	case release.argument != none && release.argument != claim.answer:
		return nil, fmt.Errorf("operation %q gives %s back, but %q answers %s: expected the same type, or no argument", release.name, release.argument, claim.name, claim.answer)
	}
	claim.traits.Begins, release.traits.Ends = true, true
	if claim.load.When == nil {
		claim.load.When = func(d *Draw) bool { return d.Held == 0 }
	}
	if release.load.When == nil {
		release.load.When = func(d *Draw) bool { return d.Held > 0 }
	}
	return declared.Owned(declared.Owning{Claim: claim.name, Release: release.name}), nil
}
