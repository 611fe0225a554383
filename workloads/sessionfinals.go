package workloads

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// This file ends the session workload with reads that show the final state.

// Quiesce reads everything once more: on a session that no client fault reaches, and on the
// sessions of the clients. By then visitors have left, and deposed leaders have had time to find
// out. The session of a visitor that vanished may still be alive: it ends by its timeout, perhaps
// after all reads.
func (r *sessionRun) Quiesce(ctx context.Context) error {
	waitFor(ctx, &r.leaving, r.env.Bound)
	defer r.lookOn(ctx)()
	if r.env.Disturbed {
		pause(ctx, r.env.Bound)
		r.expireUndisturbed(ctx)
	}
	r.syncUndisturbed(ctx)
	if r.env.Patient {
		pause(ctx, r.env.Record.Header().Params.Age()+ageMargin)
	}
	var errs []error
	for i := range r.env.Keys {
		key := r.env.Key(i)
		c := r.env.Clients[i%len(r.env.Clients)]
		errs = append(errs, r.survey(ctx, key, -1, r.env.Admin), r.survey(ctx, key, c.ID, c.Conn))
	}
	return errors.Join(errs...)
}

// expireUndisturbed lets a visitor vanish when no more faults hit servers. Only then is it known
// when its session must end, and the load may have had no such time.
func (r *sessionRun) expireUndisturbed(ctx context.Context) {
	c := r.env.Clients[0]
	v := &visit{run: r, host: r.clients[c.ID], path: fmt.Sprintf("%s%s/last", r.env.Path(r.env.Key(0)), ephemeralPart)}
	_ = c.Do(ctx, Op{
		F: models.FVisit, Key: r.env.Key(0), Arg: models.Burst{Requests: 4}, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) { return nil, v.vanish(ctx) },
	})
	v.leave() // waits until it has vanished
	pause(ctx, r.env.toExpire())
	_ = c.Do(ctx, Op{
		F: models.FVisit, Key: r.env.Key(0), Arg: models.Burst{Requests: 1}, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) { return nil, v.look(ctx, exists(v.path)) },
	})
}

// undisturbedReads is how many reads after a sync are made when no leader can be deposed
// any more: only then must they be fresh.
const undisturbedReads = 30

// ageMargin is how long onlookers go on, if time is virtual, from the moment at which a value that
// they see can be too old.
const ageMargin = 3 * time.Second

// syncUndisturbed makes each client write, and then makes each client read, after a sync, what
// another client wrote. The read comes late enough that, after a sync, it must show the write.
func (r *sessionRun) syncUndisturbed(ctx context.Context) {
	n := len(r.env.Clients)
	for round := 0; round*n < undisturbedReads && ctx.Err() == nil; round++ {
		key := r.env.Key(round % r.env.Keys)
		for _, c := range r.env.Clients {
			s := r.clients[c.ID]
			write := burst{f: models.FPipeline, key: key, requests: []request{s.setOrCreate(ownZnode(r.env.Path(key), c.ID))}}
			_ = s.pipe.do(ctx, c, write, 0, r.env.OpTimeout)
		}
		pause(ctx, history.LeaderLag+history.LeaderLag/5)
		for i, c := range r.env.Clients {
			path := ownZnode(r.env.Path(key), r.env.Clients[(i+1)%n].ID)
			read := burst{f: models.FSyncRead, key: key, requests: []request{syncTo(path), get(path)}, reads: true}
			_ = r.clients[c.ID].pipe.do(ctx, c, read, 0, r.env.OpTimeout)
		}
	}
}

// survey reads the folder of a key on one session, fenced. The record has its requests.
func (r *sessionRun) survey(ctx context.Context, key string, client int, conn *zk.Conn) error {
	err := retry(ctx, r.env.Bound, func() error {
		_, err := within(ctx, r.env.Bound, func() (bool, error) { return true, r.readAll(ctx, key, conn) })
		return err
	})
	if err != nil {
		return fmt.Errorf("read all of %s through client %d: %w", key, client, err)
	}
	return nil
}

// readAll reads a folder and everything in it, and asks for what may not exist.
func (r *sessionRun) readAll(ctx context.Context, key string, conn *zk.Conn) error {
	folder, session := r.env.Path(key), conn.SessionID()
	if err := zkconn.NoopWrite(ctx, conn, folder); err != nil {
		return err
	}
	if err := readBelow(conn, folder); err != nil {
		return err
	}
	absent := []string{folder + thirdPart}
	for i := range sharedZnodes {
		absent = append(absent, sharedZnode(folder, i))
	}
	for _, c := range r.env.Clients {
		absent = append(absent, ownZnode(folder, c.ID), ephemeralZnode(folder, c.ID))
		absent = append(absent, containerZnode(folder, c.ID), briefZnode(folder, c.ID), longZnode(folder, c.ID))
	}
	for _, path := range absent {
		if _, _, err := conn.Exists(path); err != nil {
			return err
		}
	}
	if conn.SessionID() != session {
		return fmt.Errorf("session %s ended meanwhile", history.ID(session))
	}
	return nil
}

// readBelow reads a znode and everything below it.
func readBelow(conn *zk.Conn, path string) error {
	if _, _, err := conn.Get(path); err != nil {
		return ignoreGone(err)
	}
	names, _, err := conn.Children(path)
	if err != nil {
		return ignoreGone(err)
	}
	for _, name := range names {
		if err := readBelow(conn, path+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// ignoreGone ignores errors about znodes that disappear while they are read, such as
// ephemerals, and about those that not every client may read.
func ignoreGone(err error) error {
	if errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrNoAuth) {
		return nil
	}
	return err
}

// waitFor waits at most limit, or until ctx ends.
func waitFor(ctx context.Context, wg *sync.WaitGroup, limit time.Duration) {
	_, _ = within(ctx, limit, func() (struct{}, error) { wg.Wait(); return struct{}{}, nil })
}
