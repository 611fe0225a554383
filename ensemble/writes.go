package ensemble

import (
	"context"
	"sync"
)

// checkWrites writes a znode of its own through each server and reads it
// through every other.
func checkWrites(ctx context.Context, e Ensemble) error {
	servers, folder := e.Servers(), folderOf(e)
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
		if paths[i], err = probes[i].write(ctx, folder); err != nil {
			return wrongWith(servers[i], "takes no write: %w", because(ctx, err))
		}
		return nil
	})
	if err != nil {
		return err
	}

	err = each(servers, func(reader int) error {
		for writer, path := range paths {
			if err := probes[reader].read(ctx, path); err != nil {
				return wrongWith(servers[reader], "does not show what was written through server %d: %w",
					servers[writer].ID(), because(ctx, err))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}

	return each(servers, func(i int) error {
		if err := probes[i].remove(ctx, paths[i]); err != nil {
			return wrongWith(servers[i], "takes no delete: %w", because(ctx, err))
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
