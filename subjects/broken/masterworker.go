package broken

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// defectiveMaster is a master-worker whose master polls for tasks to assign, with a defect
// in how it assigns, or in how workers finish. The version of a task's znode counts its
// attempts. An assignment is named after the task and the attempt, and contains the name of
// the worker's znode, which contains what was assigned to it.
type defectiveMaster struct {
	conn  *zk.Conn
	path  string
	tries int
	id    int // of the client
	stop  context.CancelFunc
	done  chan struct{}

	// Only the goroutine that leads uses the following fields.
	mine string // this client's candidate
	memory

	// leads reports whether this client is the master.
	leads func() (bool, error)
	// guard returns further operations of the transaction of an assignment; for masters
	// only.
	guard func(task openTask) []any
	// begun returns how many attempts at a task have begun; number returns the number of
	// the attempt that an assignment begins.
	begun, number func(task openTask) int
	// finish ends a task for good.
	finish func(t *defectiveTask) error
	// forgets means that tasks of dead workers stay where they are.
	forgets bool
	// backup is after how long a task is assigned to a second worker; 0 means never.
	backup time.Duration
	// removes means that a task is removed when it is assigned.
	removes bool
}

// memory holds what only the master knows.
type memory struct {
	led     bool
	counted map[string]int       // attempts by task
	since   map[string]time.Time // when a task was assigned first
}

// openTask is a task that is not over.
type openTask struct {
	name    string
	data    []byte
	version int32
}

func newDefectiveMaster(c *subjects.Client, path string, tries int, wrong func(m *defectiveMaster)) (subjects.MasterWorker, error) {
	for _, folder := range []string{"", "/" + subjects.OpenJobs, "/" + subjects.DoneJobs, "/" + subjects.DeadJobs, "/" + subjects.Candidates, "/" + subjects.Assigned, "/workers"} {
		if err := ensure(c, path+folder); err != nil {
			return nil, err
		}
	}
	m := &defectiveMaster{conn: c.Conn, path: path, tries: tries, id: c.ID, done: make(chan struct{})}
	m.memory = memory{counted: map[string]int{}, since: map[string]time.Time{}}
	m.leads = m.inFront
	m.guard = func(openTask) []any { return []any{&zk.CheckVersionRequest{Path: m.candidate(m.mine), Version: -1}} }
	m.begun = func(task openTask) int { return int(task.version) }
	m.number = func(task openTask) int { return m.begun(task) + 1 }
	m.finish = m.finishAtOnce
	wrong(m)
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	go m.lead(ctx)
	c.BeforeEnd(func(context.Context) {
		stop()
		<-m.done
	})
	return m, nil
}

func (m *defectiveMaster) open(task string) string {
	return m.path + "/" + subjects.OpenJobs + "/" + task
}

func (m *defectiveMaster) over(task string) string {
	return m.path + "/" + subjects.DoneJobs + "/" + task
}

func (m *defectiveMaster) dead(task string) string {
	return m.path + "/" + subjects.DeadJobs + "/" + task
}
func (m *defectiveMaster) worker(name string) string { return m.path + "/workers/" + name }
func (m *defectiveMaster) candidate(name string) string {
	return m.path + "/" + subjects.Candidates + "/" + name
}

func (m *defectiveMaster) assigned(name string) string {
	return m.path + "/" + subjects.Assigned + "/" + name
}

func assignment(task string, attempt int) string { return fmt.Sprintf("%s-%d", task, attempt) }

// taskOf splits the name of an assignment.
func taskOf(assignment string) (task string, attempt int) {
	i := strings.LastIndexByte(assignment, '-')
	if i < 0 {
		return assignment, 0
	}
	attempt, _ = strconv.Atoi(assignment[i+1:])
	return assignment[:i], attempt
}

// list returns the children of a folder, the oldest first.
func (m *defectiveMaster) list(folder string) ([]string, error) {
	names, _, err := m.conn.Children(m.path + "/" + folder)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sequenceOf(a), sequenceOf(b)), cmp.Compare(a, b)) })
	return names, err
}

// sequenceOf returns the number of a sequential znode.
func sequenceOf(name string) int {
	n, _ := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	return n
}

// lead runs the loop of the master, and of the candidates that wait to become master.
func (m *defectiveMaster) lead(ctx context.Context) {
	defer close(m.done)
	for {
		if leads, err := m.leads(); err == nil && leads {
			_ = m.plan()
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return
		}
	}
}

// inFront reports whether this client's candidate is the first one, and creates one if it
// has none.
func (m *defectiveMaster) inFront() (bool, error) {
	names, err := m.list(subjects.Candidates)
	if err != nil {
		return false, err
	}
	own := fmt.Sprintf("client%d-", m.id)
	for i, name := range names {
		if strings.HasPrefix(name, own) {
			m.mine = name
			return i == 0, nil
		}
	}
	_, err = m.conn.Create(m.candidate(own), nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	return false, err
}

// plan puts back the tasks of dead workers, and assigns tasks without a worker.
func (m *defectiveMaster) plan() error {
	assigned, err := m.list(subjects.Assigned)
	if err != nil {
		return err
	}
	busy := map[string]int{}
	for _, name := range assigned {
		there, err := m.tend(name)
		if err != nil {
			return err
		}
		if there {
			task, _ := taskOf(name)
			busy[task]++
		}
	}
	free, err := m.free()
	if err != nil {
		return err
	}
	names, err := m.list(subjects.OpenJobs)
	if err != nil {
		return err
	}
	for _, name := range names {
		if len(free) == 0 {
			return nil
		}
		if busy[name] > 1 || busy[name] == 1 && !m.wantsBackup(name) {
			continue
		}
		used, err := m.assign(name, free[0])
		if err != nil {
			return err
		}
		if used {
			free = free[1:]
		}
	}
	return nil
}

func (m *defectiveMaster) wantsBackup(task string) bool {
	since, known := m.since[task]
	return m.backup > 0 && known && time.Since(since) > m.backup
}

// tend checks whether an assignment still has a worker, and removes it if not.
func (m *defectiveMaster) tend(name string) (there bool, err error) {
	worker, _, err := m.conn.Get(m.assigned(name))
	if errors.Is(err, zk.ErrNoNode) || m.forgets {
		return err == nil, nil
	}
	if err != nil {
		return false, err
	}
	if lives, _, err := m.conn.Exists(m.worker(string(worker))); err != nil || lives {
		return true, err
	}
	err = m.conn.Delete(m.assigned(name), -1)
	return true, err
}

// free returns the workers without an assignment.
func (m *defectiveMaster) free() (free []string, err error) {
	names, err := m.list("workers")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		_, stat, err := m.conn.Get(m.worker(name))
		switch {
		case errors.Is(err, zk.ErrNoNode):
		case err != nil:
			return nil, err
		case stat.Version == 0:
			free = append(free, name)
		}
	}
	return free, nil
}

// assign assigns a task, or buries one that was tried too often. It reports whether the
// worker may have been used.
func (m *defectiveMaster) assign(name, worker string) (used bool, err error) {
	data, stat, err := m.conn.Get(m.open(name))
	if errors.Is(err, zk.ErrNoNode) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	task := openTask{name, data, stat.Version}
	ops := m.guard(task)
	if m.begun(task) >= m.tries {
		_, err = m.conn.Multi(append(ops,
			&zk.DeleteRequest{Path: m.open(name), Version: task.version},
			&zk.CreateRequest{Path: m.dead(name), Data: data, Acl: openACL})...)
		return false, refused(err)
	}
	what := assignment(name, m.number(task))
	if m.removes {
		ops = append(ops, &zk.DeleteRequest{Path: m.open(name), Version: task.version})
	} else {
		ops = append(ops, &zk.SetDataRequest{Path: m.open(name), Data: data, Version: task.version})
	}
	_, err = m.conn.Multi(append(ops,
		&zk.SetDataRequest{Path: m.worker(worker), Data: []byte(what + " " + string(data)), Version: 0},
		&zk.CreateRequest{Path: m.assigned(what), Data: []byte(worker), Acl: openACL})...)
	if err == nil {
		m.counted[name]++
		if m.since[name].IsZero() {
			m.since[name] = time.Now()
		}
	}
	return true, refused(err)
}

// refused returns an error, except one which reports that another client has changed something.
func refused(err error) error {
	for _, known := range []error{zk.ErrNoNode, zk.ErrBadVersion, zk.ErrNodeExists} {
		if errors.Is(err, known) {
			return nil
		}
	}
	return err
}

func (m *defectiveMaster) Put(_ context.Context, task []byte) error {
	_, err := m.conn.Create(m.open("task-"), task, zk.FlagSequence, openACL)
	return err
}

// Take creates its own znode and waits until something is assigned to it. It first removes
// what an earlier call has left.
func (m *defectiveMaster) Take(ctx context.Context) (subjects.Job, error) {
	own := fmt.Sprintf("client%d-", m.id)
	names, err := m.list("workers")
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, own) {
			if err := m.conn.Delete(m.worker(name), -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return nil, subjects.WithoutEffect(err)
			}
		}
	}
	session := m.conn.SessionID()
	node, err := m.conn.Create(m.worker(own), nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return nil, err
	}
	for {
		data, stat, err := m.conn.Get(node)
		if err != nil {
			return nil, err
		}
		if stat.Version > 0 {
			name, task, _ := strings.Cut(string(data), " ")
			_, attempt := taskOf(name)
			return &defectiveTask{m: m, node: node, name: name, data: []byte(task), attempt: attempt, session: session}, nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			if err := m.conn.Delete(node, 0); err != nil {
				return nil, err
			}
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
}

// Close resigns.
func (m *defectiveMaster) Close(context.Context) error {
	m.stop()
	<-m.done
	names, err := m.list(subjects.Candidates)
	for _, name := range names {
		if strings.HasPrefix(name, fmt.Sprintf("client%d-", m.id)) {
			err = errors.Join(err, m.conn.Delete(m.candidate(name), -1))
		}
	}
	return err
}

// defectiveTask is an assigned task.
type defectiveTask struct {
	m          *defectiveMaster
	node, name string // the worker's znode; the assignment's name
	data       []byte
	attempt    int
	session    int64
}

func (t *defectiveTask) Job() []byte                  { return t.data }
func (t *defectiveTask) Attempt() int                 { return t.attempt }
func (t *defectiveTask) Session() int64               { return t.session }
func (t *defectiveTask) Finish(context.Context) error { return t.m.finish(t) }

func (t *defectiveTask) GiveBack(context.Context) error {
	ops := t.gone()
	if t.m.removes {
		task, _ := taskOf(t.name)
		ops = append(ops, &zk.CreateRequest{Path: t.m.open(task), Data: t.data, Acl: openACL})
	}
	return t.end(ops...)
}

// gone returns the operations that end an attempt.
func (t *defectiveTask) gone() []any {
	return []any{&zk.DeleteRequest{Path: t.node, Version: -1}, &zk.DeleteRequest{Path: t.m.assigned(t.name), Version: -1}}
}

func (t *defectiveTask) end(ops ...any) error {
	_, err := t.m.conn.Multi(ops...)
	if err != nil && refused(err) == nil {
		return subjects.WithoutEffect(err)
	}
	return err
}

func (m *defectiveMaster) finishAtOnce(t *defectiveTask) error {
	task, _ := taskOf(t.name)
	ops := append(t.gone(), &zk.CreateRequest{Path: m.over(task), Data: t.data, Acl: openACL})
	if !m.removes {
		ops = append(ops, &zk.DeleteRequest{Path: m.open(task), Version: -1})
	}
	return t.end(ops...)
}

// UnguardedPlan returns a master-worker whose master, once elected, believes that it is the master
// for ever, and assigns without checking its znode. Property "stale-plan" finds it when sessions
// expire.
func UnguardedPlan(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) {
		m.leads = func() (bool, error) {
			front, err := m.inFront()
			m.led = m.led || front
			return m.led, err
		}
		m.guard = func(openTask) []any { return nil }
	})
}

// ForgetsCrashedWorker returns a master-worker whose master never checks whether workers with
// assignments are still alive. Property "reassign" finds it when sessions expire.
func ForgetsCrashedWorker(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) { m.forgets = true })
}

// ReassignsFinished returns a master-worker whose workers record a result and then remove the task.
// A master that still finds the task assigns it again. Property "finish-once" finds it when replies
// are lost.
func ReassignsFinished(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) {
		m.finish = func(t *defectiveTask) error {
			task, _ := taskOf(t.name)
			if _, err := m.conn.Create(m.over(task), t.data, 0, openACL); err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return err
			}
			for _, path := range []string{t.node, m.open(task), m.assigned(t.name)} {
				if err := m.conn.Delete(path, -1); err != nil { // the result is there, so it is finished
					return nil
				}
			}
			return nil
		}
	})
}

// BackupTasks returns a master-worker whose master assigns a slow task to a second worker as well,
// as MapReduce does, without telling either. Property "lease-exclusion" finds it whenever clients
// compete.
func BackupTasks(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) { m.backup = 4 * lookAgain })
}

// RemovesOnAssign returns a master-worker whose master removes a task when it assigns it, so that
// the task is lost with the worker. Property "conservation" finds it when sessions expire.
func RemovesOnAssign(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) {
		m.removes = true
		m.begun = func(task openTask) int { return m.counted[task.name] }
	})
}

// CountsAnew returns a master-worker whose masters each count only the attempts that they have
// begun. Property "attempts" finds it when sessions expire.
func CountsAnew(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	return newDefectiveMaster(c, path, tries, func(m *defectiveMaster) {
		m.number = func(task openTask) int { return m.counted[task.name] + 1 }
	})
}
