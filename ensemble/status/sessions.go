package status

import (
	"context"
	"regexp"
	"slices"
	"strconv"
)

// Session is a client's connection, as reported by its server.
type Session struct {
	ID     int64
	Server string // its address
	Client string // the address of the client
}

// Sessions returns the sessions that are connected to one of the servers, as far as the
// servers tell. It uses cons, which 4lw.commands.whitelist must name. There is a query for
// each server, or one for all.
func Sessions(ctx context.Context, addrs []string, queries ...Query) []Session {
	answers := make([][]Session, len(addrs))
	each(addrs, queries, func(i int, q Query) {
		ctx, cancel := context.WithTimeoutCause(ctx, q.timeout(), errSilent)
		defer cancel()
		if answer, err := q.ask(ctx, addrs[i], "cons"); err == nil {
			answers[i] = sessionsIn(answer, addrs[i])
		}
	})
	return slices.Concat(answers...)
}

// connection matches a line of cons: "
// /10.0.0.1:58410[1](queued=0,…,sid=0x200000c3a970001,…)".
var connection = regexp.MustCompile(`(?m)^ /(.+)\[[0-9a-f]+\]\(.*[(,]sid=0x([0-9a-f]+),`)

func sessionsIn(answer, server string) (list []Session) {
	for _, m := range connection.FindAllStringSubmatch(answer, -1) {
		if id, err := strconv.ParseUint(m[2], 16, 64); err == nil {
			list = append(list, Session{ID: int64(id), Server: server, Client: m[1]})
		}
	}
	return list
}
