package status

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

const (
	srvr = "Zookeeper version: 3.9.3-c26634, built on 2024\nLatency min/avg/max: 0/1.5/20\nReceived: 5\nSent: 4\n" +
		"Connections: 7\nOutstanding: 0\nZxid: 0x500000012\nMode: follower\nNode count: 9\n"
	mntr = "zk_version\t3.9.3-c26634\nzk_global_sessions\t4\nzk_watch_count\t11\nzk_znode_count\t9\nzk_ephemerals_count\t2\n" +
		"zk_outstanding_requests\t3\nzk_approximate_data_size\t1234\nzk_quorum_size\t3\n"
	dirs       = "datadir_size: 1000\nlogdir_size: 67108880\n"
	notAllowed = " is not executed because it is not in the whitelist.\n"
	electing   = "This ZooKeeper instance is not currently serving requests\n"
)

// server dials a server that answers words; after an unknown word it leaves the connection open.
func server(answers map[string]string) ensemble.DialFunc {
	return func(string, string, time.Duration) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			word := make([]byte, 4)
			if _, err := io.ReadFull(server, word); err != nil {
				return
			}
			if answer, ok := answers[string(word)]; ok {
				_, _ = io.WriteString(server, answer)
				return
			}
			_, _ = io.Copy(io.Discard, server)
		}()
		return client, nil
	}
}

func of(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}

func TestOf(t *testing.T) {
	q := Query{Dial: server(map[string]string{"srvr": srvr, "mntr": mntr, "dirs": dirs})}
	s := q.Of(t.Context(), "a:1")
	if s.State != Serving || s.Role != ensemble.Follower || s.Version != "3.9.3" || s.Epoch != 5 || s.Zxid != 0x500000012 ||
		s.Connections != 7 || s.Received != 5 || s.Sent != 4 || s.Latency != [3]float64{0, 1.5, 20} || s.Error != "" || len(s.Missing) > 0 {
		t.Errorf("%+v", s)
	}
	got := []int64{of(s.Sessions), of(s.Watches), of(s.Znodes), of(s.Ephemerals), of(s.Outstanding), of(s.Data), of(s.Disk)}
	if want := []int64{4, 11, 9, 2, 3, 1234, 67109880}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	q = Query{Dial: server(map[string]string{"srvr": strings.Replace(srvr, "Outstanding: 0", "Outstanding: 6", 1), "mntr": "mntr" + notAllowed, "dirs": dirs})}
	if s := q.Of(t.Context(), "a:1"); of(s.Outstanding) != 6 || s.Sessions != nil {
		t.Errorf("without mntr: %+v", s)
	}
}

func TestStates(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		want    State
		why     string
		missing []string
	}{
		"words not allowed":       {map[string]string{"srvr": srvr, "mntr": "mntr" + notAllowed, "dirs": "dirs" + notAllowed}, Serving, "", []string{"mntr", "dirs"}},
		"a detail is slow":        {map[string]string{"srvr": srvr, "dirs": dirs}, Serving, "mntr: it is silent", nil},
		"before 3.5":              {map[string]string{"srvr": strings.Replace(srvr, "3.9.3-c26634", "3.4.13-6--1", 1), "mntr": mntr, "dirs": ""}, Serving, "", nil},
		"read-only":               {map[string]string{"srvr": strings.Replace(srvr, "follower", "read-only", 1), "mntr": mntr, "dirs": dirs}, ReadOnly, "", nil},
		"electing":                {map[string]string{"srvr": electing}, NotServing, "", nil},
		"paused":                  {nil, NoAnswer, "it is silent", nil},
		"something else":          {map[string]string{"srvr": "HTTP/1.1 400 Bad Request\r\n"}, NoAnswer, "not a status of a ZooKeeper server", nil},
		"stat, not srvr":          {map[string]string{"srvr": "", "stat": srvr, "mntr": "", "dirs": "dirs" + notAllowed}, Serving, "", []string{"srvr", "mntr", "dirs"}},
		"stat of one that elects": {map[string]string{"srvr": "", "stat": electing}, NotServing, "", nil},
		"ruok alone":              {map[string]string{"srvr": "", "stat": "", "ruok": "imok"}, NoAnswer, "it answers ruok, but neither srvr nor stat", nil},
		"no words":                {map[string]string{"srvr": "", "stat": "", "ruok": ""}, NoAnswer, "EOF", nil},
		"hangs up":                {map[string]string{"srvr": ""}, NoAnswer, "EOF", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				s := Query{Dial: server(c.answers)}.Of(t.Context(), "a:1")
				if s.State != c.want || (c.why == "") != (s.Error == "") || !strings.Contains(s.Error, c.why) || !slices.Equal(s.Missing, c.missing) {
					t.Errorf("%+v", s)
				}
				if took := time.Since(begin); took > time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// JSON readers lose digits of 64-bit numbers, so a zxid is a hexadecimal string.
func TestZxidInJSON(t *testing.T) {
	b, err := json.Marshal(Server{Zxid: 1<<62 + 1})
	if err != nil || !strings.Contains(string(b), `"zxid":"0x4000000000000001"`) {
		t.Errorf("%s, %v", b, err)
	}
}

// That servers belong to two ensembles is found from the members that conf lists, which is asked for
// when several servers are looked at.
func TestTwoEnsembles(t *testing.T) {
	words := func(mode, host string) ensemble.DialFunc {
		return server(map[string]string{
			"srvr": strings.Replace(srvr, "follower", mode, 1), "mntr": mntr, "dirs": dirs,
			"conf": "serverId=1\nmembership: \nserver.1=" + host + ":2888:3888:participant;0.0.0.0:2181\nversion=0",
		})
	}
	for host, want := range map[string]Health{"a": Healthy, "b": Degraded} {
		e := Look(t.Context(), []string{"x:1", "y:1"}, Query{Dial: words("leader", "a")}, Query{Dial: words("follower", host)})
		if e.Health != want || strings.Contains(strings.Join(e.Notes, "\n"), "two ensembles") != (host == "b") {
			t.Errorf("%s: %s, %q", host, e.Health, e.Notes)
		}
	}
}

// The admin server reports what four-letter words may not; what it does not know stays missing.
func TestAdmin(t *testing.T) {
	pages := map[string]string{
		"/commands/monitor": `{"global_sessions": 4, "watch_count": 11, "znode_count": 9007199254740993, "command": "monitor", "error": null}`,
	}
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	defer admin.Close()
	q := Query{Dial: server(map[string]string{"srvr": srvr, "mntr": "mntr" + notAllowed, "dirs": "dirs" + notAllowed}), Admin: admin.URL}
	s := q.Of(t.Context(), "a:1")
	if of(s.Sessions) != 4 || of(s.Watches) != 11 || of(s.Znodes) != 1<<53+1 || !slices.Equal(s.Missing, []string{"dirs"}) {
		t.Errorf("%+v", s)
	}
}

func TestTogether(t *testing.T) {
	const epoch = int64(5) << 32
	leader := Server{State: Serving, Role: ensemble.Leader, Epoch: 5, Zxid: history.ID(epoch + 9), Version: "3.9.3"}
	follower := Server{State: Serving, Role: ensemble.Follower, Epoch: 5, Zxid: history.ID(epoch + 7), Version: "3.9.3"}
	fresh := Server{State: Serving, Role: ensemble.Follower, Epoch: 4, Zxid: 4<<32 + 1000}
	deposed := Server{State: Serving, Role: ensemble.Leader, Epoch: 4, Zxid: 4 << 32}
	observer := Server{State: Serving, Role: ensemble.Observer, Epoch: 5, Zxid: history.ID(epoch + 9)}
	alone := Server{State: Serving, Role: ensemble.Standalone}
	gone, looking := Server{State: NoAnswer}, Server{State: NotServing}
	five := int64(5)
	oneOfFive := follower
	oneOfFive.voters = &five
	old := follower
	old.Version, old.Missing = "3.5.8", []string{"mntr"}
	in := func(s Server, host string) Server {
		s.members = ensemble.Members{"1": host + ":2888:3888:participant;" + host + ":2181"}
		return s
	}
	for name, c := range map[string]struct {
		servers []Server
		want    Health
		note    string
	}{
		"all serve":                          {[]Server{follower, leader, follower}, Healthy, ""},
		"one is gone":                        {[]Server{follower, leader, gone}, Degraded, ""},
		"one is looking":                     {[]Server{looking, leader, follower}, Degraded, ""},
		"an observer is gone":                {[]Server{leader, follower, follower, gone}, Degraded, ""},
		"no majority":                        {[]Server{looking, looking, gone}, Down, ""},
		"a leader that is alone":             {[]Server{gone, leader, gone}, Down, "1 of 3 is not a majority"},
		"observers are no majority":          {[]Server{leader, gone, gone, observer, observer}, Down, "not a majority"},
		"two of four":                        {[]Server{leader, follower, gone, gone}, Down, "not a majority"},
		"a deposed leader":                   {[]Server{follower, leader, deposed}, Degraded, "all claim to lead"},
		"standalone":                         {[]Server{alone}, Healthy, ""},
		"two that are standalone":            {[]Server{alone, alone}, Degraded, "does not belong to an ensemble with the others"},
		"one of five is asked":               {[]Server{oneOfFive}, Healthy, "the leader is missing from the list (1 of 5 that vote were asked)"},
		"one is asked, and no more is known": {[]Server{follower}, Healthy, "the leader is missing from the list"},
		"the leader is not asked":            {[]Server{follower, follower}, Healthy, "the leader is missing from the list"},
		"the leader is lost":                 {[]Server{follower, follower, gone}, Degraded, "they still follow a leader that was lost"},
		"of two ensembles":                   {[]Server{in(leader, "a"), in(follower, "a"), in(follower, "b")}, Degraded, "a:1 and c:1 are servers of two ensembles"},
		"of one ensemble":                    {[]Server{in(leader, "a"), in(follower, "a"), follower}, Healthy, ""},
		"of the epoch before":                {[]Server{leader, fresh, fresh}, Healthy, ""},
		"other versions, fewer words":        {[]Server{leader, old, follower}, Healthy, "versions differ"},
	} {
		t.Run(name, func(t *testing.T) {
			servers := slices.Clone(c.servers)
			for i := range servers {
				servers[i].Addr = string('a'+rune(i)) + ":1"
			}
			e := together(servers)
			if e.Health != c.want || (c.note == "") != (len(e.Notes) == 0) || !strings.Contains(strings.Join(e.Notes, "\n"), c.note) {
				t.Errorf("%s, %q", e.Health, e.Notes)
			}
			for _, s := range e.Servers {
				want := map[ensemble.Role]int64{ensemble.Leader: 0, ensemble.Follower: 2}[s.Role]
				if s.Epoch == 4 {
					want = 9 // all transactions of this epoch
				}
				if s.Role == ensemble.Follower && e.Leader != "" && of(s.Behind) != want {
					t.Errorf("behind by %d: %+v", of(s.Behind), s)
				}
			}
		})
	}
}

// An interrupted look ends at once.
func TestLookIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		begin := time.Now()
		e := Look(ctx, []string{"a:1", "b:1"}, Query{Dial: server(nil), Timeout: time.Minute})
		if took := time.Since(begin); took > 10*time.Millisecond || e.Health != Down {
			t.Errorf("%s after %s", e.Health, took)
		}
	})
}
