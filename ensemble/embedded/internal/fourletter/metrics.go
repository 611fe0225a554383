package fourletter

import (
	"math"
	"strconv"
	"strings"
)

// These are the names of the metrics after the gauges, since ZooKeeper 3.6, in the order of a real
// server's hash maps. A metric for something that does not exist in this package is 0.
var (
	counterNames = strings.Fields(`
		watch_bytes stale_requests_dropped throttled_ops insecure_admin_count connection_rejected
		sessionless_connections_expired dead_watchers_queued stale_requests connection_drop_count
		response_packet_cache_hits bytes_received_count add_dead_watcher_stall_time request_throttle_wait_count
		requests_not_forwarded_to_commit_processor response_packet_cache_misses prep_processor_request_queued
		stale_replies response_bytes ensemble_auth_fail diff_count connection_revalidate_count
		quit_leading_due_to_disloyal_voter unrecoverable_error_count unsuccessful_handshake commit_count
		outstanding_changes_queued request_commit_queued ensemble_auth_skip
		skip_learner_request_to_next_processor_count proposal_count large_requests_rejected
		outstanding_changes_removed restore_error_count cnxn_closed_without_zk_server_running looking_count
		snapshot_rate_limited_count learner_proposal_received_count digest_mismatches_count dead_watchers_cleared
		ensemble_auth_success learner_commit_received_count snapshot_error_count connection_request_count
		response_packet_get_children_cache_misses snap_count stale_sessions_expired restore_rate_limited_count
		response_packet_get_children_cache_hits sync_processor_request_queued tls_handshake_exceeded revalidate_count`)
	summaryNames = strings.Fields(`
		socket_closing_time proposal_process_time leader_unavailable_time node_created_watch_count
		session_queues_drained write_commit_proc_req_queued connection_token_deficit read_commit_proc_req_queued
		node_deleted_watch_count startup_txns_load_time sync_processor_queue_size follower_sync_time
		prep_processor_queue_size fsynctime inflight_snap_count reads_issued_from_session_queue restore_time
		learner_request_processor_queue_size snapshottime unavailable_time startup_txns_loaded
		reads_after_write_in_session_queue requests_in_session_queue write_commit_proc_issued prep_process_time
		pending_session_queue_size time_waiting_empty_pool_in_commit_processor_read_ms commit_process_time dbinittime
		inflight_diff_count netty_queued_buffer_capacity election_time commit_commit_proc_req_queued
		sync_processor_batch_size node_children_watch_count write_batch_time_in_commit_processor
		read_commit_proc_issued concurrent_request_processing_in_commit_processor observer_sync_time
		node_changed_watch_count sync_process_time startup_snap_load_time`)
	distributionNames = strings.Fields(`
		prep_processor_queue_time_ms jvm_pause_time_ms close_session_prep_time read_commitproc_time_ms updatelatency
		local_write_committed_time_ms request_throttle_queue_time_ms readlatency quorum_ack_latency
		om_commit_process_time_ms read_final_proc_time_ms commit_propagation_latency dead_watchers_cleaner_latency
		write_final_proc_time_ms proposal_ack_creation_latency proposal_latency om_proposal_process_time_ms
		sync_processor_queue_and_flush_time_ms propagation_latency server_write_committed_time_ms
		sync_processor_queue_time_ms sync_processor_queue_flush_time_ms write_commitproc_time_ms`)
)

// Count is something that a server counts, by the name that mntr has for it.
type Count string

// The names for [Counters.Count].
const (
	ConnectionRequests  Count = "connection_request_count"
	Revalidations       Count = "revalidate_count"            // sessions that a leader was asked for
	OwnRevalidations    Count = "connection_revalidate_count" // that were resumed here
	SessionsExpired     Count = "stale_sessions_expired"
	SessionlessExpired  Count = "sessionless_connections_expired"
	ConnectionsRejected Count = "connection_rejected" // beyond maxClientCnxns
	Elections           Count = "looking_count"
	Proposals           Count = "proposal_count"
	Commits             Count = "commit_count"
	LearnedProposals    Count = "learner_proposal_received_count"
	LearnedCommits      Count = "learner_commit_received_count"
	bytesReceived       Count = "bytes_received_count"
	bytesSentInReplies  Count = "response_bytes"
)

// Count counts one.
func (c *Counters) Count(what Count) { c.add(what, 1) }

func (c *Counters) add(what Count, n int64) {
	if c.counts == nil {
		c.counts = make(map[Count]int64)
	}
	c.counts[what] += n
}

// Measure is something that a server measures, by the name that mntr has for it.
type Measure string

// The names for [Counters.Measured]: times in milliseconds, and how many watchers an event has.
const (
	ElectionTime    Measure = "election_time"
	CreatedWatchers Measure = "node_created_watch_count"
	DeletedWatchers Measure = "node_deleted_watch_count"
	ChangedWatchers Measure = "node_changed_watch_count"
	ChildWatchers   Measure = "node_children_watch_count"
	readTime        Measure = "readlatency"
	updateTime      Measure = "updatelatency"
)

// Measured takes note of a value.
func (c *Counters) Measured(what Measure, value int64) {
	if c.measures == nil {
		c.measures = make(map[Measure]*distribution)
	}
	d := c.measures[what]
	if d == nil {
		d = &distribution{}
		c.measures[what] = d
	}
	d.Add(value)
}

// kind is the kind of a metric, which decides how its values are printed.
type kind int

const (
	gauge       kind = iota // what there is now
	counter                 // how often something happened
	summary                 // values, with their sum (DetailLevel.BASIC)
	distributed             // values with quantiles, too (DetailLevel.ADVANCED)
)

// metric is one line of the table behind mntr and Prometheus. The names are the ones that a real
// server registers.
type metric struct {
	name   string
	kind   kind
	value  number       // of a gauge and a counter
	values distribution // of the others
}

// number is a whole one, or a double in Java.
type number struct {
	value  float64
	double bool
}

// java prints it as Java does.
func (n number) java() string {
	if n.double {
		return javaDouble(n.value)
	}
	return strconv.FormatFloat(n.value, 'f', -1, 64)
}

// metricsOf returns the table, in the order of mntr. A server that does not serve has no gauges, as a
// real one takes them back then.
func metricsOf(s Server) (all []metric) {
	if s.Serving {
		all = gauges(s)
	}
	for _, name := range counterNames {
		all = append(all, metric{name: name, kind: counter, value: number{value: float64(s.Counters.counts[Count(name)])}})
	}
	for _, name := range summaryNames {
		all = append(all, metric{name: name, kind: summary, values: s.Counters.measure(name)})
	}
	for _, name := range distributionNames {
		all = append(all, metric{name: name, kind: distributed, values: s.Counters.measure(name)})
	}
	return all
}

// gauges returns the gauges of a server that serves.
func gauges(s Server) (all []metric) {
	c := s.Counters
	lastResponse, leastResponse, largestResponse := c.responses.values()
	add := func(name string, value int64) {
		all = append(all, metric{name: name, kind: gauge, value: number{value: float64(value)}})
	}
	double := func(name string, value float64) {
		all = append(all, metric{name: name, kind: gauge, value: number{value, true}})
	}
	leader := func(name string, value func(*Leader) int) {
		if s.Leader != nil {
			add(name, int64(value(s.Leader)))
		}
	}
	open, limit := openFiles()

	add("ephemerals_count", int64(s.Ephemerals))
	add("num_alive_connections", c.connections)
	double("avg_latency", c.latency.average())
	leader("min_proposal_size", func(l *Leader) int { _, least, _ := l.Proposals.values(); return least })
	add("outstanding_requests", c.outstanding)
	add("znode_count", int64(s.Nodes))
	add("global_sessions", int64(s.Sessions))
	add("non_mtls_remote_conn_count", 0)
	add("last_client_response_size", int64(lastResponse))
	add("packets_sent", c.sent)
	add("packets_received", c.received)
	leader("max_proposal_size", func(l *Leader) int { _, _, largest := l.Proposals.values(); return largest })
	add("max_client_response_size", int64(largestResponse))
	leader("synced_followers", func(l *Leader) int { return l.SyncedFollowers })
	double("connection_drop_probability", 0)
	add("watch_count", int64(s.Watches))
	leader("synced_non_voting_followers", func(l *Leader) int { return l.SyncedNonVoting })
	leader("synced_observers", func(l *Leader) int { return l.SyncedObservers })
	add("auth_failed_count", 0)
	add("min_latency", c.latency.min)
	add("max_file_descriptor_count", limit)
	add("approximate_data_size", s.DataSize)
	add("open_file_descriptor_count", open)
	leader("last_proposal_size", func(l *Leader) int { last, _, _ := l.Proposals.values(); return last })
	leader("pending_syncs", func(l *Leader) int { return l.PendingSyncs })
	leader("leader_uptime", func(l *Leader) int { return int(l.Uptime.Milliseconds()) })
	add("local_sessions", int64(s.LocalSessions))
	add("uptime", s.Uptime.Milliseconds())
	add("max_latency", c.latency.max)
	add("outstanding_tls_handshake", 0)
	leader("learners", func(l *Leader) int { return l.Learners })
	add("min_client_response_size", int64(leastResponse))
	add("non_mtls_local_conn_count", 0)
	if s.inQuorum() {
		add("quorum_size", int64(s.Voters))
	}
	return all
}

func (c *Counters) measure(name string) distribution {
	if d := c.measures[Measure(name)]; d != nil {
		return *d
	}
	return distribution{}
}

// distribution sums values up and keeps the latest of them.
type distribution struct {
	Latency
	latest []int64
}

// samples is how many values a distribution keeps, as many as a real server's.
const samples = 4096

// Add adds one value.
func (d *distribution) Add(value int64) {
	d.Latency.Add(value)
	if len(d.latest) < samples {
		d.latest = append(d.latest, value)
		return
	}
	d.latest[(d.count-1)%samples] = value
}

// quantile interpolates between the two values next to the place of the share, rounded. It returns 0 if
// there are no values.
func quantile(sorted []int64, share float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	place, part := math.Modf(share * float64(len(sorted)+1))
	switch i := int(place); {
	case i < 1:
		return sorted[0]
	case i >= len(sorted):
		return sorted[len(sorted)-1]
	default:
		low, high := float64(sorted[i-1]), float64(sorted[i])
		return int64(math.Floor(low + part*(high-low) + 0.5))
	}
}
