package fourletter

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/ensemble"
)

// peerStates are how a quorum's servers call what they do while they serve.
var peerStates = map[ensemble.Role]string{
	ensemble.Leader:   "leading - broadcast",
	ensemble.Follower: "following - broadcast",
	ensemble.Observer: "observing - broadcast",
}

// mntr writes its lines in a real server's order, in which a hash map holds them.
func mntr(s Server) string {
	b := monitor{}
	b.line("version", version)
	b.line("server_state", s.Role)
	if s.inQuorum() {
		b.line("peer_state", peerStates[s.Role])
	}
	if s.Role == ensemble.Observer {
		b.line("observer_master_id", s.Master)
	}
	b.gauges(s)
	b.metrics(s.Counters)
	return b.String()
}

type monitor struct{ strings.Builder }

func (b *monitor) line(key string, value any) {
	fmt.Fprintf(b, "zk_%s\t%v\n", key, value)
}

func (b *monitor) gauges(s Server) {
	c := s.Counters
	lastResponse, leastResponse, largestResponse := c.responses.values()
	leader := func(key string, value func(*Leader) int) {
		if s.Leader != nil {
			b.line(key, value(s.Leader))
		}
	}
	open, limit := openFiles()

	b.line("ephemerals_count", s.Ephemerals)
	b.line("num_alive_connections", c.connections)
	b.line("avg_latency", javaDouble(c.latency.average()))
	leader("min_proposal_size", func(l *Leader) int { _, least, _ := l.Proposals.values(); return least })
	b.line("outstanding_requests", c.outstanding)
	b.line("znode_count", s.Nodes)
	b.line("global_sessions", s.Sessions)
	b.line("non_mtls_remote_conn_count", 0)
	b.line("last_client_response_size", lastResponse)
	b.line("packets_sent", c.sent)
	b.line("packets_received", c.received)
	leader("max_proposal_size", func(l *Leader) int { _, _, largest := l.Proposals.values(); return largest })
	b.line("max_client_response_size", largestResponse)
	leader("synced_followers", func(l *Leader) int { return l.SyncedFollowers })
	b.line("connection_drop_probability", "0.0")
	b.line("watch_count", s.Watches)
	leader("synced_non_voting_followers", func(*Leader) int { return 0 })
	leader("synced_observers", func(l *Leader) int { return l.SyncedObservers })
	b.line("auth_failed_count", 0)
	b.line("min_latency", c.latency.min)
	b.line("max_file_descriptor_count", limit)
	b.line("approximate_data_size", s.DataSize)
	b.line("open_file_descriptor_count", open)
	leader("last_proposal_size", func(l *Leader) int { last, _, _ := l.Proposals.values(); return last })
	leader("pending_syncs", func(l *Leader) int { return l.PendingSyncs })
	leader("leader_uptime", func(l *Leader) int { return int(l.Uptime.Milliseconds()) })
	b.line("local_sessions", s.LocalSessions)
	b.line("uptime", s.Uptime.Milliseconds())
	b.line("max_latency", c.latency.max)
	b.line("outstanding_tls_handshake", 0)
	leader("learners", func(l *Leader) int { return l.Learners })
	b.line("min_client_response_size", leastResponse)
	b.line("non_mtls_local_conn_count", 0)
	if s.inQuorum() {
		b.line("quorum_size", s.Voters)
	}
}

func (b *monitor) summary(key string, l Latency) {
	b.line("avg_"+key, javaDouble(l.average()))
	b.line("min_"+key, l.min)
	b.line("max_"+key, l.max)
	b.line("cnt_"+key, l.count)
	b.line("sum_"+key, l.total)
}
