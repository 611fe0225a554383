package workloads

import (
	"context"
	"sync"

	"github.com/zklab/zklab/subjects"
)

// renewals replaces subjects by new ones.
type renewals[S any] struct {
	env      *Env
	of       []string // the keys
	subjects perKey[S]
	make     func(c *subjects.Client, path string) (S, error)

	mu  sync.Mutex
	old []replaced[S]
}

// replaced is a subject that a new one has replaced.
type replaced[S any] struct {
	c       *Client
	subject S
}

func (r *renewals[S]) keys() []string { return r.of }

// renew makes a new subject. The old one is closed at the end, since Close may change what others see.
func (r *renewals[S]) renew(ctx context.Context, c *Client, key string) error {
	made, err := makeSubject(ctx, r.env, c, key, r.make)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.old = append(r.old, replaced[S]{c, r.subjects[c.ID][key]})
	r.mu.Unlock()
	r.subjects[c.ID][key] = made
	return nil
}

// close closes all subjects: the present ones within one bound, and the replaced ones
// within another.
func (r *renewals[S]) close(ctx context.Context) {
	r.subjects.close(ctx, r.env)
	ctx, cancel := context.WithTimeout(ctx, r.env.Bound)
	defer cancel()
	for _, o := range r.old {
		o.c.closeSubject(ctx, o.subject)
	}
}

// plain holds the subjects of an object without stays, and how to call its operations once more.
type plain[S any] struct {
	*renewals[S]
	calls map[string]func(ctx context.Context, c *Client, key string)
}

func plainly[S any](env *Env, of perKey[S], make func(*subjects.Client, string) (S, error), calls map[string]func(context.Context, *Client, string)) plain[S] {
	env.followAnswers()
	return plain[S]{&renewals[S]{env: env, of: env.keys(), subjects: of, make: make}, calls}
}

// asks reports whether the latest call of an operation failed.
func (p plain[S]) asks(c *Client, at spot) bool { return p.calls[at.f] != nil && c.answers[at].failed }

// again calls an operation once more, if clients can.
func (p plain[S]) again(ctx context.Context, c *Client, at spot) {
	if call := p.calls[at.f]; call != nil {
		call(ctx, c, at.key)
	}
}
