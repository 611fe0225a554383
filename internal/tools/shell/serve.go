package shell

import (
	"context"
	"net"
	"strings"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/printable"
)

// This file has the commands that ask servers.

func (s *Shell) sync(ctx context.Context, args []string) error {
	path, err := s.here(args)
	if err == nil {
		err = did("sync", path, s.Client.Sync(ctx, path))
	}
	return err
}

func fourLetterWord(name, short string) *command {
	return &command{
		name: name, args: "[SERVER]", short: short, most: 1, values: []string{},
		do: func(s *Shell, ctx context.Context, args []string) error {
			server := s.Client.Server()
			if len(args) > 0 {
				server = args[0]
				if _, _, err := net.SplitHostPort(server); err != nil {
					return usagef("%s: invalid server %s: write host:port", name, quote(server))
				}
			}
			answer, err := ensemble.Ask(ctx, s.dial(), server, name)
			if err != nil {
				return explain(name+" "+server, err)
			}
			return s.emit(wordResult{server, fields(answer), answer})
		},
	}
}

// wordResult is the answer to a four-letter word.
type wordResult struct {
	Server string            `json:"server"`
	Values map[string]string `json:"values"`
	answer string
}

func (r wordResult) text(p *page) {
	p.WriteString(strings.TrimRight(printable.Lines(r.answer), "\n") + "\n")
}

// fields parses a name and a value from each line. mntr separates them by a tab, srvr by a colon.
func fields(answer string) map[string]string {
	all := make(map[string]string)
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "\t")
		if !ok {
			name, value, ok = strings.Cut(line, ": ")
		}
		if ok {
			all[name] = value
		}
	}
	return all
}
