package ensemble

import (
	"context"
	"slices"
	"sync"
)

// checkWrites creates a znode through each server and reads it through every other. At the end it
// closes its sessions, which deletes the ephemeral znodes. The end of a session is also a write, so a
// server that accepts it accepts any write, and its answer means that the znode is gone.
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
		if paths[i], err = probes[i].write(ctx, folder, servers[i].ID()); err != nil {
			return wrongWith(servers[i], "takes no write: %w", because(ctx, err))
		}
		return nil
	})
	if err != nil {
		return err
	}

	err = each(servers, func(i int) error { return showsOthers(ctx, servers, i, probes[i], paths) })
	if err != nil {
		return err
	}

	return each(servers, func(i int) error {
		if err := probes[i].end(ctx); err != nil {
			return wrongWith(servers[i], "ends no session: %w", because(ctx, err))
		}
		return nil
	})
}

// showsOthers reads through one server what was written through every other.
func showsOthers(ctx context.Context, servers []Server, reader int, p *probe, paths []string) error {
	others := slices.Delete(slices.Clone(paths), reader, reader+1)
	n, err := p.read(ctx, others)
	if err == nil {
		return nil
	}
	if n >= reader {
		n++ // others skips the reader's own path
	}
	return wrongWith(servers[reader], "does not show a write made through server %d: %w", servers[n].ID(), because(ctx, err))
}

// each calls do for all servers at once and joins the errors.
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
