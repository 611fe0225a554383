package ensemble

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-zookeeper/zk"
)

// checkWrites writes a znode of its own through each server and reads it
// through every other.
func checkWrites(ctx context.Context, e Ensemble) error {
	servers := e.Servers()
	probes := make([]*probe, len(servers))
	paths := make([]string, len(servers))
	defer func() {
		each(servers, func(i int) error {
			if probes[i] != nil {
				probes[i].close()
			}
			return nil
		})
	}()

	err := each(servers, func(i int) (err error) {
		if probes[i], err = openProbe(ctx, e.Dial, servers[i].Addr()); err != nil {
			return wrongWith(servers[i], "opens no session: %w", err)
		}
		if paths[i], err = probes[i].write(); err != nil {
			return wrongWith(servers[i], "takes no write: %w", probes[i].because(err))
		}
		return nil
	})
	if err != nil {
		return err
	}

	err = each(servers, func(reader int) error {
		for writer, path := range paths {
			if err := probes[reader].read(path); err != nil {
				return wrongWith(servers[reader], "does not show what was written through server %d: %w",
					servers[writer].ID(), probes[reader].because(err))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}

	return each(servers, func(i int) error {
		if err := probes[i].conn.Delete(paths[i], -1); err != nil {
			return wrongWith(servers[i], "takes no delete: %w", probes[i].because(err))
		}
		return nil
	})
}

// each runs do for all servers at once and lists what went wrong.
func each(servers []Server, do func(i int) error) error {
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	var wrong []error
	for _, err := range errs {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	return list(wrong)
}

// write makes an ephemeral znode that names its session, so that no two checks
// meet and nothing is left when the check dies.
func (p *probe) write() (path string, err error) {
	path = fmt.Sprintf("/zklab-health-%x", uint64(p.conn.SessionID()))
	_, err = p.conn.Create(path, []byte(path), zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	return path, err
}

var errOtherData = errors.New("other data than was written")

// read reads what write wrote through another server. The sync before it makes
// the server catch up (Programmer's Guide, Consistency Guarantees).
func (p *probe) read(path string) error {
	if _, err := p.conn.Sync(path); err != nil {
		return err
	}
	data, _, err := p.conn.Get(path)
	if err == nil && string(data) != path {
		err = errOtherData
	}
	return err
}
