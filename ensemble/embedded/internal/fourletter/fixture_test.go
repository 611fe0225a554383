package fourletter

import (
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
)

const (
	session1 = 0x200000c3a970000
	session2 = 0x200000c3a970001
)

var started = time.UnixMilli(1795170858923)

// leader returns a leader of three servers, one of them an observer, with the facts of the real one
// from which the golden texts come.
func leader() Server {
	counters := &Counters{
		connections: 2, received: 24, sent: 28,
		latency: Latency{17, 42, 0, 11},
		counts:  map[Count]int64{bytesReceived: 663, Commits: 16},
		measures: map[Measure]*distribution{
			readTime:     {Latency{9, 7, 0, 2}, []int64{2, 2, 2, 1, 0, 0, 0, 0, 0}},
			updateTime:   {Latency{8, 35, 1, 11}, []int64{1, 4, 2, 3, 11, 3, 1, 10}},
			ElectionTime: {Latency: Latency{1, 214, 214, 214}},
		},
		responses: Sizes{last: 30, min: 16, max: 120, any: true},
	}
	second := &ConnCounters{
		server: counters, received: 9, sent: 10, latency: Latency{9, 24, 0, 11},
		lastOp: "GETD", lastCxid: 8, lastZxid: 0x100000010, lastResponse: 924389,
	}
	first := counters.Connect()
	asking := &ConnCounters{server: counters, received: 1}
	expires := time.Date(2026, 11, 20, 10, 34, 30, 0, time.UTC)
	watched := []string{"/nope", "/a", "/"}
	return Server{
		Whitelist: []string{"*"}, Serving: true, TraceMask: DefaultTraceMask,
		Role: ensemble.Leader, Voters: 2, Zxid: 0x100000018, Uptime: 126355 * time.Millisecond, Counters: counters,
		Leader: &Leader{
			Learners: 2, SyncedFollowers: 1, SyncedObservers: 1, Uptime: 126183 * time.Millisecond,
			Proposals: Sizes{last: 92, min: 36, max: 92, any: true},
		},
		Conf: Conf{
			ClientPort: 2181, DataDir: "/data/version-2", DataDirSize: 630, DataLogDir: "/datalog/version-2",
			Tick: 2 * time.Second, MaxConnections: 60, MinSessionTimeout: 4 * time.Second, MaxSessionTimeout: 40 * time.Second,
			ServerID: 2,
			Quorum: &Quorum{
				InitLimit: 5, SyncLimit: 2, ElectionPort: 3888, QuorumPort: 2888,
				Membership: "server.1=fl1:2888:3888:participant;0.0.0.0:2181\nserver.2=fl2:2888:3888:participant;0.0.0.0:2181\nversion=0",
			},
		},
		Nodes: 18, DataSize: 281, Ephemerals: 12, Watches: 7, Sessions: 2,
		Connections: func() []Connection {
			return []Connection{
				{Addr: "172.18.0.1:58410", Counters: second, Established: started.Add(39 * time.Millisecond), Session: session2, Timeout: 10 * time.Second, Expires: expires},
				{Addr: "172.18.0.1:58422", Counters: asking, Asking: true, Expires: expires.Add(4 * time.Second)},
				{Addr: "172.18.0.1:58408", Counters: &first, Established: started, Session: session1, Timeout: 10 * time.Second, Expires: expires},
			}
		},
		AllSessions: func() []Session {
			return []Session{{session2, 10 * time.Second, expires.Add(2 * time.Second)}, {session1, 10 * time.Second, expires.Add(2 * time.Second)}}
		},
		EphemeralPaths:  func() map[int64][]string { return map[int64][]string{session2: {"/e", "/a/f"}, session1: {"/d"}} },
		DataWatches:     func() map[int64][]string { return map[int64][]string{session1: watched, session2: {"/a"}} },
		DataWatchTotals: func() WatchTotals { return WatchTotals{2, 3, 4} },
	}
}

func with(change func(*Server)) Server {
	s := leader()
	change(&s)
	return s
}

func asFollower(s *Server) {
	s.Role, s.Leader = ensemble.Follower, nil
}

func asObserver(s *Server) {
	s.Role, s.Leader, s.Master = ensemble.Observer, nil, 2
	s.Conf.Quorum.Observer = true
}

func asStandalone(s *Server) {
	s.Role, s.Leader, s.Conf.Quorum = ensemble.Standalone, nil, nil
}

// reply returns the reply to a request that took so long.
func reply(xid int32, op wire.Op, took time.Duration) Reply {
	return Reply{Xid: xid, Op: op, Zxid: 0x100000010, Size: 16, Start: started, End: started.Add(took)}
}
