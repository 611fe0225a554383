package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history"
)

// Declared is a kind of object that a file declares (object.Parse).
type Declared struct {
	Name string
	// Calls returns one call of each operation, in an order in which they can be answered when one client makes
	// them. Different numbers give different arguments.
	Calls func(number int64) ([]DeclaredCall, error)
}

// DeclaredCall is a call of an operation.
type DeclaredCall struct {
	Operation string
	Argument  json.RawMessage // nil: none
	// Begins means that the call begins a hold, and Ends that it ends one.
	Begins, Ends bool
}

// suite returns the checks of declared objects. They check that the program serves the operations.
// Only runs check what the operations promise.
func (d *Declared) suite() *suite {
	return &suite{recipe: d.Name, checks: []check{
		{"operations", onObject(d.answersAll)},
		{"two-clients", onTwo(d.answersBoth)},
		{"cancel", onTwo(d.cancels)},
		{"unicode", d.answersUnicode},
		{"close", onObject(d.isMadeAgain)},
		{"crash", onTwo(d.survivesCrash)},
	}}
}

// answered makes some calls, which the program answers soon.
func (d *Declared) answered(t *trial, o *object, number int64, which func(DeclaredCall) bool) {
	calls, err := d.Calls(number)
	t.must(err)
	for _, c := range calls {
		if which(c) {
			t.soon(c.Operation, func(ctx context.Context) error { return o.declared(ctx, c) })
		}
	}
}

// declared makes a call. A refusal is an answer.
func (o *object) declared(ctx context.Context, c DeclaredCall) error {
	var argument any
	if c.Argument != nil {
		argument = c.Argument
	}
	err := o.Call(ctx, c.Operation, argument, nil)
	var e *Error
	if errors.As(err, &e) && e.Code == history.CodeRefused {
		return nil
	}
	return err
}

func all(DeclaredCall) bool { return true }

// answersAll checks that the program answers each operation of one client.
func (d *Declared) answersAll(t *trial, o *object) {
	for number := range int64(3) {
		d.answered(t, o, number, all)
	}
}

// answersBoth checks that the program answers two clients at one object, one after the
// other.
func (d *Declared) answersBoth(t *trial, a, b *object) {
	for i, o := range []*object{a, b, a} {
		t.during(fmt.Sprint("client ", o.p.cfg.Client), func() { d.answered(t, o, int64(i), all) })
	}
}

// cancels checks that a client that waits for a hold of another client, and gives up, gets an
// answer that says so.
func (d *Declared) cancels(t *trial, a, b *object) {
	calls, err := d.Calls(0)
	t.must(err)
	i := slices.IndexFunc(calls, func(c DeclaredCall) bool { return c.Begins })
	if i < 0 {
		t.must(errNotOffered)
	}
	d.answered(t, a, 0, func(c DeclaredCall) bool { return c.Begins })
	second := t.begin(calls[i].Operation, func(ctx context.Context) error { return b.declared(ctx, calls[i]) })
	if caught(func() { t.waits(second, "") }) != nil { // it answered at once that there is no hold, which is fine
		t.must(second.err)
		return
	}
	t.cancelled(second)
	d.answered(t, a, 0, func(c DeclaredCall) bool { return c.Ends })
}

// answersUnicode checks that a path may be any Unicode text.
func (d *Declared) answersUnicode(t *trial) {
	d.answered(t, t.object(t.root+"/ümlaut 鍵"), 0, all)
}

// isMadeAgain checks that an object that was closed can be made again.
func (d *Declared) isMadeAgain(t *trial, o *object) {
	d.answered(t, o, 0, all)
	t.soon("close", o.Close)
	d.answered(t, t.of(o.p, t.path()), 1, all)
}

// survivesCrash: after a client is killed (while it holds, if there are holds), other clients can use the object,
// and so can the client after a restart.
func (d *Declared) survivesCrash(t *trial, a, b *object) {
	d.answered(t, a, 0, func(c DeclaredCall) bool { return !c.Ends })
	t.must(a.p.Kill())
	t.during("after another client was killed", func() { d.answered(t, b, 1, all) })
	t.soon("restart", a.p.Restart)
	t.during("after it was killed and started again", func() { d.answered(t, a, 2, all) })
}
