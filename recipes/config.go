package recipes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Config is a piece of configuration that clients watch. It is the data of the znode at its path,
// without any format, so other programs can read and write it, too. The znode is persistent. Without
// a znode there is no configuration.
//
// The last change wins, except that [Config.SetIf] compares first. A Config is safe for concurrent
// use.
//
// Cost: a change makes two writes and a read, or two reads where there is no znode. Each watch makes
// a read for each change, or two where there is no znode.
type Config struct {
	r *calls.Recipe
}

// NewConfig returns the configuration at path.
func NewConfig(c *Client, path string) *Config {
	return &Config{calls.New(c.client, path)}
}

// Setting is the configuration between two changes.
type Setting struct {
	Data   []byte
	Exists bool // false: there is no znode
	// Zxid is the transaction that made this change. It rises with each change. It is 0 without a
	// znode.
	Zxid int64
}

// configured is a setting, with the numbers that show whether the znode has changed.
type configured struct {
	Setting
	czxid   int64
	version int32
	pzxid   int64 // of the parent: where there is no znode, its creates and deletes
}

// Set makes data the configuration. It creates the znode, and missing parents, if need be. Set also
// returns nil if the reply was lost and another client has changed the configuration since. Then
// data may never have been the configuration, but no client can tell.
//
// An error with NoEffect means that the call had no effect: [ErrTooLarge], [ErrClosed], the error of
// ctx, or what a server refused. [ErrUnknown], with the reason, means that data may be or become the
// configuration: the call was cancelled or the session lost while the request was under way; or the
// reply was lost, there is no znode, and something has changed beside it, so another client may have
// deleted the znode.
func (c *Config) Set(ctx context.Context, data []byte) error {
	if len(data) > MaxItem {
		return c.r.Definite("set", ErrTooLarge)
	}
	data = slices.Clone(data)
	return c.r.Attempts(ctx, "set", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		before, err := c.fresh(ctx, z)
		if err != nil {
			return calls.NotApplied, err
		}
		o, err := c.write(ctx, z, before, -1, data)
		if o == calls.Unknown {
			return c.r.Settle(c.find(ctx, z, err, before.setSince))
		}
		return o, err
	})
}

// write sets the data of the znode, at a version if that is not negative; or creates the znode, if
// there was none before. It returns ErrAgain if another client has created or deleted the znode.
func (c *Config) write(ctx context.Context, z *client.Session, before configured, version int32, data []byte) (calls.Outcome, error) {
	o, err := calls.Once(ctx, c.r.Client, z, func() (struct{}, error) {
		if !before.Exists {
			_, err := c.r.Client.Conn.Create(c.r.Path, data, 0)
			return struct{}{}, err
		}
		stat, err := c.r.Client.Conn.Set(c.r.Path, data, version)
		if err == nil && version >= 0 && stat.Czxid != before.czxid {
			err = ErrOverwrote
		}
		return struct{}{}, err
	})
	switch {
	case errors.Is(err, zk.ErrNodeExists), errors.Is(err, zk.ErrBadVersion), before.Exists && errors.Is(err, zk.ErrNoNode):
		return calls.NotApplied, calls.ErrAgain
	case errors.Is(err, zk.ErrNoNode):
		if err := c.r.Client.EnsurePath(ctx, z, znodes.Parent(c.r.Path)); err != nil {
			return calls.NotApplied, err
		}
		return calls.NotApplied, calls.ErrAgain
	}
	return o, err
}

// ErrOverwrote: [Config.SetIf] has set the configuration, but it has replaced a setting other than
// the one that it compared with.
var ErrOverwrote error = failures.Conclusion("set, but over a setting that was made anew meanwhile")

// ConflictError means that [Config.SetIf] has set nothing, because the configuration has changed.
type ConflictError struct {
	Now Setting // what the configuration is now
}

func (e *ConflictError) Error() string {
	if !e.Now.Exists {
		return "conflict: the configuration has been deleted"
	}
	return fmt.Sprintf("conflict: the configuration has been changed by transaction 0x%x", e.Now.Zxid)
}

// Unwrap returns [ErrConflict].
func (e *ConflictError) Unwrap() error { return ErrConflict }

// ErrConflict: the configuration has changed; see [ConflictError].
var ErrConflict error = failures.Conclusion("the configuration is not what it was")

// SetIf makes data the configuration if the configuration still is was, as [Config.Get] or a watch
// returned it: the same transaction made it so. To set the first configuration, let was be the zero
// value. So a client can read, change what it has read, and start again after a conflict, and never
// overwrites a change that it has not seen:
//
//	s, err := config.Get(ctx)
//	…
//	err = config.SetIf(ctx, changed(s.Data), s)
//	if conflict, is := errors.AsType[*recipes.ConflictError](err); is {
//		… // changed(conflict.Now.Data), conflict.Now
//	}
//
// An error with NoEffect means that the call had no effect: a [ConflictError], [ErrTooLarge],
// [ErrClosed], the error of ctx, or what a server refused. [ErrUnknown] means what it means for
// Set; SetIf also returns it if a reply was lost and the configuration has changed since, possibly
// by this call. [ErrOverwrote] means that the call had its effect on another setting: ZooKeeper
// compares versions, which start again with each znode, and during the call the znode was deleted,
// created again and changed as often as before. Where that matters, set an empty configuration
// instead of deleting the znode.
func (c *Config) SetIf(ctx context.Context, data []byte, was Setting) error {
	const op = "set if unchanged"
	if len(data) > MaxItem {
		return c.r.Definite(op, ErrTooLarge)
	}
	data = slices.Clone(data)
	overwrote := false
	err := c.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		before, err := c.fresh(ctx, z)
		switch {
		case err != nil:
			return calls.NotApplied, err
		case before.Exists != was.Exists || before.Zxid != was.Zxid:
			return calls.NotApplied, &ConflictError{before.Setting}
		}
		o, err := c.write(ctx, z, before, before.version, data)
		switch {
		case errors.Is(err, ErrOverwrote):
			overwrote = true
			return calls.Applied, nil
		case o == calls.Unknown:
			return c.r.Settle(c.find(ctx, z, err, func(now configured) calls.Outcome { return before.comparedSince(now, data) }))
		}
		return o, err
	})
	if overwrote {
		return c.r.Indefinite(op, ErrOverwrote)
	}
	return err
}

// comparedSince returns the outcome of a SetIf, judged by the present setting.
func (before configured) comparedSince(now configured, data []byte) calls.Outcome {
	switch {
	case now.Exists != before.Exists:
		return calls.Unknown
	case !now.Exists && now.pzxid == before.pzxid, now.Exists && now.Zxid == before.Zxid:
		return calls.NotApplied
	case now.Exists && now.czxid == before.czxid && now.version == before.version+1 && !bytes.Equal(now.Data, data):
		return calls.NotApplied // another client was faster
	}
	return calls.Unknown
}

// setSince returns the outcome of a Set, judged by the present setting. If another client has
// changed the setting since, the Set counts as applied right before that change: no client can tell
// whether it was, as watches may leave out settings.
func (before configured) setSince(now configured) calls.Outcome {
	switch {
	case before.Exists || now.Exists:
		if now.Exists == before.Exists && now.Zxid == before.Zxid {
			return calls.NotApplied
		}
		return calls.Applied
	case now.pzxid == before.pzxid:
		return calls.NotApplied
	}
	return calls.Unknown
}

// Delete deletes the znode. It also succeeds if there is none. It deletes the znode once: if
// another client creates it again while the reply to this call's request is lost, it stays.
//
// NoEffect and [ErrUnknown] mean what they mean for Set, but a lost reply alone does not make the
// outcome unknown. A znode that has children cannot be deleted.
func (c *Config) Delete(ctx context.Context) error {
	return c.r.Attempts(ctx, "delete", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		before, err := c.fresh(ctx, z)
		if err != nil || !before.Exists {
			return calls.AppliedUnless(err)
		}
		o, err := calls.Once(ctx, c.r.Client, z, func() (struct{}, error) {
			return struct{}{}, c.r.Client.Conn.Delete(c.r.Path, -1)
		})
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return calls.Applied, nil
		case o == calls.Unknown:
			return c.r.Settle(c.find(ctx, z, err, before.deletedSince))
		}
		return o, err
	})
}

func (before configured) deletedSince(now configured) calls.Outcome {
	if now.Exists && now.czxid == before.czxid {
		return calls.NotApplied
	}
	return calls.Applied // or another client deleted it, during this call
}

// find determines the outcome of a write in z that err left unknown, by the present setting.
func (c *Config) find(ctx context.Context, z *client.Session, err error, since func(now configured) calls.Outcome) (calls.Outcome, error) {
	next := errors.Is(err, ErrSessionLost)
	if next {
		var none error
		if z, none = c.r.Client.Begin(ctx); none != nil {
			return calls.Unknown, none
		}
	} else if !failures.Unanswered(err) {
		return calls.Unknown, err
	}
	now, failed := c.fresh(ctx, z)
	if failed != nil {
		return calls.Unknown, failed
	}
	o := since(now)
	switch {
	case o == calls.Applied:
		return calls.Applied, nil
	case o == calls.Unknown || next: // it may still be on its way to the leader
		return calls.Unknown, err
	}
	return calls.NotApplied, calls.ErrAgain
}

// fresh returns the setting at some time during the call. It reads the parent after the znode, so
// that each later create or delete of the znode changes pzxid.
func (c *Config) fresh(ctx context.Context, z *client.Session) (configured, error) {
	if _, err := c.r.Client.QuorumSync(ctx, z, c.r.Path); err != nil {
		return configured{}, err
	}
	v, err := c.r.Client.Get(ctx, z, c.r.Path)
	if err == nil {
		return configuredAs(v), nil
	}
	if !errors.Is(err, zk.ErrNoNode) {
		return configured{}, err
	}
	up, err := c.r.Client.Get(ctx, z, znodes.Parent(c.r.Path))
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return configured{}, nil
	case err != nil:
		return configured{}, err
	}
	return configured{pzxid: up.Stat.Pzxid}, nil
}

// Get returns the configuration as it was at some time during the call. To follow it, see
// [Config.Watch]. NoEffect is true for its errors: [ErrClosed], the error of ctx, or what a server
// refused.
func (c *Config) Get(ctx context.Context) (s Setting, err error) {
	err = c.r.Attempts(ctx, "get", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		now, err := c.fresh(ctx, z)
		s = now.Setting
		return calls.AppliedUnless(err)
	})
	return s, err
}

func configuredAs(v client.Value) configured {
	return configured{
		Setting: Setting{Data: v.Data, Exists: true, Zxid: v.Stat.Mzxid},
		czxid:   v.Stat.Czxid, version: v.Stat.Version,
	}
}

// Watch returns a new watch on the configuration.
func (c *Config) Watch() *ConfigWatch {
	same := func(a, b Setting) bool { return a.Exists == b.Exists && a.Zxid == b.Zxid }
	return &ConfigWatch{turn: semaphore.NewWeighted(1), f: calls.Follower[Setting]{Recipe: c.r, Look: calls.ByOne(c.watched), Equal: same}}
}

// Close ends calls that wait, including those of watches. It leaves the configuration as it is. It
// returns the error of ctx if ctx ends first. You may call Close again.
func (c *Config) Close(ctx context.Context) error {
	c.r.StopCalls()
	return c.r.Drain(ctx, "close config")
}

// ConfigWatch follows a configuration for one reader, which calls Next again and again. It is safe
// for concurrent use: each setting goes to one of the callers that wait.
type ConfigWatch struct {
	turn *semaphore.Weighted
	f    calls.Follower[Setting] // of the caller whose turn it is
}

// Next returns the present setting at once when it is first called. After that it waits for a
// setting that is later than the last one. The setting was the configuration at some time since the
// session began, or since the call before. Next leaves out settings that were replaced before it
// looked, but never the last one. It never returns a setting after a later one: not if the znode
// was deleted and created again, and not in another session, whose server may lag behind the server
// before.
//
// If the session is lost, Next goes on in the next one. NoEffect is true for its errors:
// [ErrClosed], the error of ctx, or what a server refused. The next call returns the setting that
// this one would have returned.
func (w *ConfigWatch) Next(ctx context.Context) (next Setting, err error) {
	err = w.f.Recipe.Attempts(ctx, "watch", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if err := w.turn.Acquire(ctx, 1); err != nil {
			return calls.NotApplied, err
		}
		defer w.turn.Release(1)
		s, err := w.f.Next(ctx, z)
		if err == nil {
			next = s
		}
		return calls.AppliedUnless(err)
	})
	return next, err
}

// watched reads the setting and makes sure that there is a watch on it. Versions cannot identify a
// setting, because they start again with each znode.
func (c *Config) watched(ctx context.Context, z *client.Session) (Setting, <-chan zk.Event, error) {
	v, err := c.r.Client.GetW(ctx, z, c.r.Path)
	switch {
	case err == nil:
		return configuredAs(v).Setting, v.Changed, nil
	case !errors.Is(err, zk.ErrNoNode):
		return Setting{}, nil, err
	}
	v, err = c.r.Client.ExistsW(ctx, z, c.r.Path)
	if err == nil && v.Stat != nil { // it was created in the meantime
		err = zk.ErrNoNode
	}
	return Setting{}, v.Changed, err
}
