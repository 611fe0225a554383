package styles

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// watcher is a configuration that is watched in sessions of its own, and changed in another session. It
// begins with the value at its session's server. It fences each later session, since another server may
// lag.
type watcher struct {
	*config
	sessions *connected
	lasts    bool     // all calls of Next share one session until it is over; otherwise each opens one
	conn     *zk.Conn // of that session
	reads    int64    // the last session that needs no fence any more
	last     *setting // that Next returned
}

// newLastingWatcher opens its session at once, and makes changes on the client's connection.
func newLastingWatcher(c *subjects.Client, path string) (subjects.Config, error) {
	w := &watcher{config: newConfig(c, path, borrowed), sessions: connectLater(c, path), lasts: true}
	_, err := w.present()
	return w, err
}

// newCallWatcher makes changes in a second session of its own.
func newCallWatcher(c *subjects.Client, path string) (subjects.Config, error) {
	return &watcher{config: newConfig(c, path, apart), sessions: connectLater(c, path)}, nil
}

// Next implements subjects.Config.
func (w *watcher) Next(ctx context.Context) (models.Setting, error) {
	next, err := reading(ctx, &w.watches, func() (setting, error) {
		if w.lasts {
			return w.news(ctx, w.present)
		}
		conn, stay, err := w.sessions.session(ctx)
		if err != nil {
			return setting{}, err
		}
		defer conn.Close()
		defer stay()
		return w.news(ctx, func() (*zk.Conn, error) { return conn, nil })
	})
	if err != nil {
		return models.Setting{}, err
	}
	w.last = &next
	return next.Setting, nil
}

// present returns the connection of the session that all calls share.
func (w *watcher) present() (*zk.Conn, error) {
	err := w.sessions.lasting(&w.conn)
	return w.conn, err
}

// news waits for another setting than the last one.
func (w *watcher) news(ctx context.Context, open func() (*zk.Conn, error)) (setting, error) {
	for ctx.Err() == nil {
		conn, err := open()
		if err != nil {
			return setting{}, err
		}
		now, changed, err := w.look(conn)
		if err == nil && (w.last == nil || now.Absent != w.last.Absent || now.mzxid != w.last.mzxid) {
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-time.After(again): // an event is a hint
		}
	}
	return setting{}, context.Cause(ctx)
}

// look reads, in one session and with a watch, a value that is not older than the last one.
func (w *watcher) look(conn *zk.Conn) (now setting, changed <-chan zk.Event, err error) {
	in := conn.SessionID()
	if w.last != nil && in != w.reads {
		if _, err = conn.Multi(&zk.CheckVersionRequest{Path: "/", Version: -1}); err != nil {
			return now, nil, err
		}
	}
	data, st, changed, err := conn.GetW(w.path)
	there := false
	if errors.Is(err, zk.ErrNoNode) {
		now.Absent = true
		there, _, changed, err = conn.ExistsW(w.path)
	} else if err == nil {
		now.Value, now.mzxid = string(data), st.Mzxid
	}
	switch {
	case err != nil:
		return now, changed, err
	case in == 0: // it was not known yet: once more
		return w.look(conn)
	case there, conn.SessionID() != in:
		return now, nil, errGone
	}
	w.reads = in
	return now, changed, nil
}

// Close also closes the session that all calls share.
func (w *watcher) Close(ctx context.Context) error {
	if err := w.watches.gate.enter(ctx); err != nil {
		return err
	}
	defer w.watches.gate.leave()
	if w.conn != nil {
		w.conn.Close()
	}
	return w.config.Close(ctx)
}
