package shell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/zklab/zklab/ensemble"
)

// sessionResult is a session of the ensemble.
type sessionResult struct {
	Session string `json:"session"`
	// Server is the server that the client is connected to, "" if no server reports the connection.
	Server     string   `json:"server,omitempty"`
	Client     string   `json:"client,omitempty"`
	Timeout    int64    `json:"timeout_ms,omitempty"`
	Ephemerals []string `json:"ephemerals,omitempty"`
	Own        bool     `json:"own,omitempty"` // the session of this shell
	id         uint64
}

// watchTotals counts the watches of a server.
type watchTotals struct {
	Server  string `json:"server"`
	Watches int64  `json:"watches"`
	Paths   int64  `json:"paths"`
}

type sessionsResult struct {
	Sessions []sessionResult `json:"sessions"`
	Watches  []watchTotals   `json:"watches"`
	Notes    []string        `json:"notes,omitempty"` // what is missing, and why
}

func (r sessionsResult) text(p *page) {
	t := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SESSION\tSERVER\tCLIENT\tTIMEOUT\tEPHEMERALS")
	for _, s := range r.Sessions {
		or := func(text string) string {
			if text == "" {
				return "-"
			}
			return legible(text)
		}
		timeout, own := "-", ""
		if s.Timeout > 0 {
			timeout = fmt.Sprintf("%d ms", s.Timeout)
		}
		if s.Own {
			own = " (this shell)"
		}
		fmt.Fprintf(t, "%s%s\t%s\t%s\t%s\t%d\n", s.Session, own, or(s.Server), or(s.Client), timeout, len(s.Ephemerals))
	}
	_ = t.Flush()
	for _, s := range r.Sessions {
		for _, path := range s.Ephemerals {
			p.printf("%s %s\n", s.Session, legible(path))
		}
	}
	for _, w := range r.Watches {
		p.printf("%s: %d watches of %d paths\n", legible(w.Server), w.Watches, w.Paths)
	}
	for _, note := range r.Notes {
		p.printf("%s\n", legible(note))
	}
}

// askWords lists the four-letter words about sessions.
var askWords = []string{"cons", "dump", "wchs"}

// answers holds the answers of the servers.
type answers struct {
	texts  map[string]map[string]string // by word and server
	failed map[string]error             // servers that do not answer at all
	closed map[string][]string          // by server, the words that it does not answer
}

// askAll sends all words to all servers, concurrently.
func (s *Shell) askAll(ctx context.Context, servers []string) answers {
	a := answers{texts: make(map[string]map[string]string), failed: make(map[string]error), closed: make(map[string][]string)}
	for _, word := range askWords {
		a.texts[word] = make(map[string]string)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, server := range servers {
		all.Go(func() {
			for _, word := range askWords {
				text, err := ensemble.Ask(ctx, s.dial(), server, word)
				if err == nil && strings.Contains(text, "not currently serving requests") {
					err = ensemble.ErrNotServing
				}
				mu.Lock()
				switch {
				case errors.Is(err, ensemble.ErrNoWord):
					a.closed[server] = append(a.closed[server], word)
				case err != nil:
					a.failed[server] = err
				default:
					a.texts[word][server] = text
				}
				mu.Unlock()
				if err != nil && !errors.Is(err, ensemble.ErrNoWord) {
					return
				}
			}
		})
	}
	all.Wait()
	return a
}

func (s *Shell) who(ctx context.Context, _ []string) error {
	servers := s.Servers
	if len(servers) == 0 {
		servers = []string{s.Client.Server()}
	}
	a := s.askAll(ctx, servers)
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := a.nothing(servers); err != nil {
		return err
	}
	sessions := make(map[uint64]*sessionResult)
	of := func(id uint64) *sessionResult {
		if sessions[id] == nil {
			sessions[id] = &sessionResult{Session: sessionName(int64(id)), id: id, Own: int64(id) == s.Client.Session().ID}
		}
		return sessions[id]
	}
	r := sessionsResult{Sessions: []sessionResult{}, Watches: []watchTotals{}, Notes: a.notes(servers)}
	for _, server := range servers {
		readDump(a.texts["dump"][server], of)
		readCons(a.texts["cons"][server], server, of)
		if w, ok := readWchs(a.texts["wchs"][server]); ok {
			w.Server = server
			r.Watches = append(r.Watches, w)
		}
	}
	for _, session := range slices.SortedFunc(maps.Values(sessions), func(a, b *sessionResult) int { return cmp.Compare(a.id, b.id) }) {
		slices.Sort(session.Ephemerals)
		session.Ephemerals = slices.Compact(session.Ephemerals)
		r.Sessions = append(r.Sessions, *session)
	}
	return s.emit(r)
}

// nothing returns an error if no server reported sessions, with the reason.
func (a answers) nothing(servers []string) error {
	if len(a.texts["cons"])+len(a.texts["dump"]) > 0 {
		return nil
	}
	for _, server := range servers {
		if len(a.closed[server]) > 0 {
			return codedError{NotAllowed, fmt.Sprintf("who: no server answers cons or dump: add them to 4lw.commands.whitelist, or list ephemeral znodes with find --owner any: %s", strings.Join(a.notes(servers), "; "))}
		}
	}
	return explain("who: "+servers[0], a.failed[servers[0]])
}

// notes returns, for each server, what is missing.
func (a answers) notes(servers []string) (notes []string) {
	has := map[string]string{"cons": "lists its sessions", "dump": "lists sessions without a connection, and ephemeral znodes", "wchs": "counts its watches"}
	for _, server := range servers {
		if err := a.failed[server]; err != nil {
			notes = append(notes, fmt.Sprintf("%s does not answer: %v", server, err))
		}
		for _, word := range a.closed[server] {
			notes = append(notes, fmt.Sprintf("%s does not answer %s, which %s: add it to its 4lw.commands.whitelist", server, word, has[word]))
		}
	}
	return notes
}

var (
	sessionLine   = regexp.MustCompile(`^\t?0x([0-9a-f]+)(?:\t([0-9]+)ms)?$`)
	ephemeralHead = regexp.MustCompile(`^0x([0-9a-f]+):$`)
	consLine      = regexp.MustCompile(`^ ?/?([^ ]+)\[[0-9a-f]*\]\(.*,sid=0x([0-9a-f]+),.*?,to=([0-9]+)[,)]`)
	wchsLines     = regexp.MustCompile(`connections watching ([0-9]+) paths\nTotal watches:([0-9]+)`)
)

// readDump reads the sessions and their ephemeral znodes. A server lists sessions with their
// timeouts; the leader, which expires them, lists them in sets by time of expiry.
func readDump(text string, of func(uint64) *sessionResult) {
	var owner *sessionResult
	ephemerals := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "Sessions with Ephemerals"):
			ephemerals = true
		case strings.HasPrefix(line, "Connections dump"):
			return
		case !ephemerals:
			if m := sessionLine.FindStringSubmatch(line); m != nil {
				session := of(hexadecimal(m[1]))
				if ms, err := strconv.ParseInt(m[2], 10, 64); err == nil {
					session.Timeout = ms
				}
			}
		case owner != nil && strings.HasPrefix(line, "\t/"):
			owner.Ephemerals = append(owner.Ephemerals, line[1:])
		default:
			if m := ephemeralHead.FindStringSubmatch(line); m != nil {
				owner = of(hexadecimal(m[1]))
			}
		}
	}
}

// readCons reads the connections of a server.
func readCons(text, server string, of func(uint64) *sessionResult) {
	for line := range strings.Lines(text) {
		m := consLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue // a connection without a session, such as the one that asks
		}
		session := of(hexadecimal(m[2]))
		session.Server, session.Client = server, m[1]
		session.Timeout, _ = strconv.ParseInt(m[3], 10, 64)
	}
}

func readWchs(text string) (w watchTotals, ok bool) {
	m := wchsLines.FindStringSubmatch(text)
	if m == nil {
		return w, false
	}
	w.Paths, _ = strconv.ParseInt(m[1], 10, 64)
	w.Watches, _ = strconv.ParseInt(m[2], 10, 64)
	return w, true
}

func hexadecimal(text string) uint64 {
	n, _ := strconv.ParseUint(text, 16, 64) // the text is digits; a number that is too long is no session
	return n
}
