package status

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/ensemble"
)

// details asks for details that only some servers report; for other servers they stay missing.
func (q Query) details(ctx context.Context, s *Server) {
	words := []struct {
		word string
		take func(s *Server, answer string)
	}{
		{"mntr", func(s *Server, answer string) { s.take(readLines(answer, "\t", "zk_")) }},
		{"dirs", (*Server).dirs},
	}
	for _, w := range words {
		if w.word == "dirs" && strings.HasPrefix(s.Version, "3.4.") { // new in 3.5.1; older servers close the connection
			continue
		}
		answer, err := q.ask(ctx, s.Addr, w.word)
		switch {
		case errors.Is(err, ensemble.ErrNoWord), err != nil && ctx.Err() == nil && slices.Contains(s.Missing, "srvr"): // for example, it closes the connection
			s.Missing = append(s.Missing, w.word)
		case err != nil:
			s.Error = w.word + ": " + strings.TrimPrefix(err.Error(), w.word+": ")
			return
		default:
			w.take(s, answer)
		}
	}
	if q.Admin != "" && len(s.Missing) > 0 {
		q.admin(ctx, s)
	}
}

// take fills in a server's metrics, by the names that they have since 3.5.
func (s *Server) take(metrics map[string]string) {
	fill := func(to **int64, name string) {
		if n, err := strconv.ParseInt(metrics[name], 10, 64); err == nil {
			*to = &n
		}
	}
	fill(&s.Sessions, "global_sessions")
	fill(&s.Watches, "watch_count")
	fill(&s.Znodes, "znode_count")
	fill(&s.Ephemerals, "ephemerals_count")
	fill(&s.Outstanding, "outstanding_requests")
	fill(&s.Data, "approximate_data_size")
	fill(&s.Mismatches, "digest_mismatches_count")
	fill(&s.voters, "quorum_size")
}

// dirs adds up the sizes of the snapshot folder and the folder of transaction logs.
func (s *Server) dirs(answer string) {
	lines := readLines(answer, ": ", "")
	data, err1 := strconv.ParseInt(lines["datadir_size"], 10, 64)
	logs, err2 := strconv.ParseInt(lines["logdir_size"], 10, 64)
	if err1 == nil && err2 == nil {
		sum := data + logs
		s.Disk = &sum
	}
}

// readLines reads a name and a value from each line; it skips other lines.
func readLines(answer, separator, prefix string) map[string]string {
	values := make(map[string]string)
	for line := range strings.Lines(answer) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), separator); ok {
			values[strings.TrimPrefix(name, prefix)] = value
		}
	}
	return values
}
