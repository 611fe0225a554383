package shell

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

func bindWatch(f *pflag.FlagSet) run {
	persistent := f.BoolP("persistent", "p", false, "report every change of the znode")
	recursive := f.BoolP("recursive", "r", false, "report every change of the znode and of all znodes below")
	count := f.IntP("count", "n", 0, "end after this many events")
	return func(s *Shell, ctx context.Context, args []string) error {
		path, err := s.at(args[0])
		if err != nil {
			return err
		}
		if err := s.watch(ctx, path, *persistent, *recursive); err != nil {
			return did("watch", path, err)
		}
		if s.Follow {
			return nil
		}
		if *count == 0 && !*persistent && !*recursive {
			*count = 1
		}
		if err := s.waitEvents(ctx, *count, path, *recursive); err != nil {
			return err
		}
		return s.endWatches(ctx, path)
	}
}

func (s *Shell) unwatch(ctx context.Context, args []string) error {
	path, err := s.at(args[0])
	if err == nil {
		err = did("unwatch", path, s.Client.RemoveWatches(ctx, path, wire.WatcherAny))
	}
	return err
}

func (s *Shell) watch(ctx context.Context, path string, persistent, recursive bool) error {
	switch {
	case recursive:
		return s.Client.AddWatch(ctx, path, client.Recursive)
	case persistent:
		return s.Client.AddWatch(ctx, path, client.Persistent)
	}
	if _, err := s.Client.Exists(ctx, path, true); missing(err) {
		return nil
	} else if err != nil {
		return err
	}
	_, _, err := s.Client.Children(ctx, path, true)
	if missing(err) {
		return nil // it was deleted meanwhile, which the first watch reports
	}
	return err
}

// endWatches removes the remaining watches of a command that ends, so that the next command does
// not print their events.
func (s *Shell) endWatches(ctx context.Context, path string) error {
	if ctx.Err() != nil {
		return nil // the shell ends
	}
	err := s.Client.RemoveWatches(ctx, path, wire.WatcherAny)
	if err != nil && !errors.Is(err, wire.NoWatcher) {
		return did("unwatch", path, err)
	}
	// The server sends events before its answer to the request: drop those that arrived.
	over, cancel := context.WithCancel(ctx)
	cancel()
	for {
		if _, err := s.Client.Next(over); err != nil {
			return nil
		}
	}
}

// waitEvents prints n events of a path, or all until ctx ends if n is 0. It leaves out the events of
// earlier watches on other znodes.
func (s *Shell) waitEvents(ctx context.Context, n int, path string, recursive bool) error {
	for seen := 0; n == 0 || seen < n; {
		e, err := s.Client.Next(ctx)
		if errors.Is(err, context.Canceled) && n == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		of := e.Path == path || recursive && within(e.Path, path)
		if e.Session == "" && of {
			seen++
		}
		if e.Session == "" && of || e.Session == client.Expired {
			if err := s.emit(resultOf(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventResult is an event, for people and programs.
type eventResult struct {
	Event  string `json:"event"`
	Path   string `json:"path,omitempty"`
	Zxid   *zxid  `json:"zxid,omitempty"`
	Server string `json:"server,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// resultOf returns the result that an event prints.
func resultOf(e client.Event) eventResult {
	r := eventResult{Event: e.Type.String(), Path: e.Path, Server: e.Server}
	if e.Zxid > 0 {
		z := zxid(e.Zxid)
		r.Zxid = &z
	}
	if e.Session != "" {
		r.Event = string(e.Session)
	}
	switch {
	case errors.Is(e.Err, io.EOF):
		r.Reason = "the server closed the connection"
	case e.Err != nil:
		r.Reason = e.Err.Error()
	}
	return r
}

func (r eventResult) text(p *page) {
	p.printf("%s", r.Event)
	for _, part := range []string{r.Path, r.Server, r.Reason} {
		if part != "" {
			p.printf(" %s", legible(part))
		}
	}
	if r.Zxid != nil {
		p.printf(" zxid %s", r.Zxid)
	}
	p.printf("\n")
}
