package subjects

import (
	"context"
	"encoding/json"
	"fmt"
)

// This file lets another process use a subject: operations by name, with values in JSON.
// Package internal/contracts declares the operations of each contract; the code between the two
// processes (package adapter) knows no contract. A program that serves subjects calls
// adapter.Serve with the makers of workloads (the method Maker of workloads.Lock). Its library
// may have its own connections ([Own]).

// Maker makes a subject for another process. The value is what the request make contains in
// addition to the path; nil if it contains nothing else.
type Maker func(c *Client, path string, value json.RawMessage) (*Served, error)

// Served is a subject as another process uses it.
type Served struct {
	Subject    any // closed at the end if it is a [Closer]
	Operations map[string]Operation
	// Offers lists what it can do beyond the operations that every subject of its kind has.
	Offers []string
	// About is the value in the answer to make; nil for none.
	About any
	// Begins is the operation that acquires a hold, and Ends the one that releases it. Lost
	// returns a channel that is closed when the present hold is lost; it is nil if losses
	// are not reported.
	Begins, Ends string
	Lost         func() <-chan struct{}
}

// Operation does one thing. Its argument is JSON, or nil; its result may be nil.
type Operation func(ctx context.Context, value json.RawMessage) (any, error)

// Object is a subject in another process, for the process that uses it. It is safe for
// concurrent use; calls are made one at a time.
type Object interface {
	// Call calls an operation, and decodes its answer into result (nil: ignore it). If result
	// has a method Validate(offers func(offer string) bool) error that returns an error, the
	// answer is invalid: an error of the adapter, not of the recipe.
	Call(ctx context.Context, operation string, value, result any) error
	// Hold is like Call, for an operation that acquires a hold. The channel is closed when the
	// other process reports that the hold is lost.
	Hold(ctx context.Context, operation string, value, result any) (lost <-chan struct{}, err error)
	// Offers reports whether the object offers something.
	Offers(offer string) bool
	// About decodes the value in the answer to make; if there was none, v is unchanged.
	About(v any) error
	Closer
}

// Offered returns the subject as a T (for example, a [Fencer]) if it offers that in addition to its
// contract. Normally the methods of the subject's type decide. A subject whose offers are known
// only at run time, as in another process, has a method Offered(target any) bool, which sets the
// target (here a *Fencer) or returns false.
func Offered[T any](subject any) (offered T, ok bool) {
	if s, asks := subject.(interface{ Offered(target any) bool }); asks {
		ok = s.Offered(&offered)
		return offered, ok
	}
	offered, ok = subject.(T)
	return offered, ok
}

// Connected returns nil if this process has a connection on which it can make subjects, and
// otherwise an error.
func (c *Client) Connected() error {
	if c.Own != nil {
		return fmt.Errorf("client %d has a session of its own library, not a go-zookeeper connection", c.ID)
	}
	if c.Conn == nil {
		return fmt.Errorf("client %d has its connection in another process: its subjects are created there", c.ID)
	}
	return nil
}
