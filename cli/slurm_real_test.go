//go:build real && linux

package cli

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/ports"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// One shard of a sweep in a job array of Slurm is killed before its end: merge names what is missing
// and the command that runs it, and after that command the result equals that of one process.
func TestRealSweepOnSlurm(t *testing.T) {
	programs.Require(t, programs.Slurm)
	t.Setenv("SHARDS", "8")
	c := startSlurm(t)
	binary := exactBinary(t)
	args := []string{"lock", "--subject", "broken:ignores-expiry", "--seeds", "1..48", "--faults", "expire,pause", "--fault-interval", "500ms", "--time-limit", "1s"}
	alone, out := t.TempDir(), t.TempDir()
	sweepToItsEnd(t, binary, append([]string{"sweep", "--quiet", "--out", alone}, args...))

	script := must.Get(filepath.Abs("../deploy/slurm/sweep.sbatch"))(t)
	job := c.command(t, filepath.Dir(binary), "sbatch", append([]string{"--parsable", "--array=1-8", script, "--out", out}, args...)...)
	victim := killAShard(t, c, job, out)
	c.drain(t)

	s := mergedJSON(t, binary, out)
	lacking := 0
	for _, h := range s.Shards {
		if h.Done < h.Seeds {
			lacking++
			if h.Shard != victim || !h.Died() {
				t.Errorf("shard %s has %d of %d seeds", h.Shard, h.Done, h.Seeds)
			}
		}
	}
	if len(s.Shards)+len(s.Absent) != 8 || lacking != 1 || len(s.Absent) > 0 {
		t.Fatalf("%d shards, %d of which lack seeds, %v absent; %s was killed\n%s", len(s.Shards), lacking, s.Absent, victim, c.logs(t))
	}
	text, _ := exec.CommandContext(t.Context(), binary, "merge", out).CombinedOutput()
	again := regexp.MustCompile(`(?m)zklab (sweep .*--shard ` + victim.String() + `)$`).FindSubmatch(text)
	if again == nil {
		t.Fatalf("merge names no command for shard %s:\n%s", victim, text)
	}
	sweepToItsEnd(t, binary, words(t, string(again[1])))
	got := mergedJSON(t, binary, out)
	if !got.Complete() {
		t.Errorf("runs are missing: %+v", got.Absent)
	}
	wantSame(t, mergedJSON(t, binary, alone), got)
	compareLines(t, alone, out)
}

// killAShard kills the processes of a shard that has run some of its seeds, but not all, and returns
// the shard.
func killAShard(t *testing.T, c *slurm, job, out string) sweep.Shard {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		paths := must.Get(filepath.Glob(filepath.Join(out, "sweeps", "*", "*", "*", "runs.jsonl")))(t)
		for _, path := range paths {
			name := filepath.Base(filepath.Dir(path))
			if n := runsIn(t, path); n < 1 || n > 3 {
				continue // not yet, or too late
			}
			shard := must.Get(sweep.ParseShard(strings.Replace(name, "-of-", "/", 1), nil))(t)
			killProcesses(t, out, "--shard\x00"+shard.String()+"\x00")
			if n := runsIn(t, path); n < 6 {
				return shard
			}
		}
	}
	t.Fatalf("no shard of job %s was on its way for three minutes\n%s", job, c.logs(t))
	return sweep.Shard{}
}

// runsIn counts the lines of runs.
func runsIn(t *testing.T, path string) int {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	return bytes.Count(b, []byte("\n"+`{"seed":`))
}

// killProcesses kills the processes whose arguments contain these texts.
func killProcesses(t *testing.T, folder, shard string) {
	t.Helper()
	paths := must.Get(filepath.Glob("/proc/[0-9]*/cmdline"))(t)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, []byte(folder)) || !bytes.Contains(b, []byte(shard)) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/cmdline", &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// slurm is a cluster of one node, which is this machine, for the duration of a test. It is reached only
// on the loopback interface.
type slurm struct{ dir string }

// slurmConf lets batch jobs run without what containers may lack: control groups, a clock device, a
// mail program, host names.
const slurmConf = `ClusterName=zklab
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=%[2]d
SlurmdPort=%[3]d
SlurmUser=%[4]s
SlurmdUser=%[4]s
AuthType=auth/munge
AuthInfo=socket=%[1]s/munge.sock
CredType=cred/munge
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/spool
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=2
NodeName=localhost NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`

// startSlurm starts a cluster.
func startSlurm(t *testing.T) *slurm {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	// A socket's path is at most 108 bytes long.
	dir := must.Get(os.MkdirTemp("", "slurm"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // munge requires this, because it identifies each client
		t.Fatal(err)
	}
	c := &slurm{dir}
	c.configure(t)
	c.daemon(t, "munged", "--foreground", "--key-file="+dir+"/key", "--socket="+dir+"/munge.sock", "--pid-file="+dir+"/munged.pid",
		"--log-file="+dir+"/munged.log", "--seed-file="+dir+"/munged.seed")
	c.until(t, "munge's socket", func() bool {
		_, err := os.Stat(dir + "/munge.sock")
		return err == nil
	})
	c.daemon(t, "slurmctld", "-D", "-c")
	c.until(t, "slurmctld", func() bool { return exec.Command("scontrol", "ping").Run() == nil })
	c.daemon(t, "slurmd", "-D", "-N", "localhost")
	c.until(t, "the node", func() bool {
		state, _ := exec.Command("sinfo", "-h", "-o", "%T").Output()
		return strings.TrimSpace(string(state)) == "idle"
	})
	t.Cleanup(func() { // runs before the daemons end
		_ = exec.Command("scancel", "--full", "--signal=KILL", "--me").Run()
		_ = exec.Command("scancel", "--me").Run()
		c.drain(t)
	})
	return c
}

func (c *slurm) configure(t *testing.T) {
	t.Helper()
	me := must.Get(user.Current())(t)
	key := make([]byte, 128)
	_, _ = rand.Read(key)
	port, release, err := ports.Reserve(2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	for name, text := range map[string][]byte{
		"key": key, "slurm.conf": fmt.Appendf(nil, slurmConf, c.dir, port, port+1, me.Username),
	} {
		must.Do(t, os.WriteFile(filepath.Join(c.dir, name), text, 0o600))
	}
	for _, name := range []string{"state", "spool"} {
		must.Do(t, os.Mkdir(filepath.Join(c.dir, name), 0o755))
	}
	t.Setenv("SLURM_CONF", filepath.Join(c.dir, "slurm.conf"))
}

// daemon starts a daemon as a foreground process, which ends with the test.
func (c *slurm) daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	log := must.Get(os.Create(filepath.Join(c.dir, name+".out")))(t)
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	group := must.Get(procgroup.Start(cmd))(t)
	t.Cleanup(func() {
		_ = group.Kill()
		<-group.Ended()
	})
}

// until waits until is returns true.
func (c *slurm) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is not there after three minutes\n%s", what, c.logs(t))
		}
	}
}

// drain waits until there are no more jobs.
func (c *slurm) drain(t *testing.T) {
	t.Helper()
	c.until(t, "an empty queue", func() bool {
		left, err := exec.Command("squeue", "-h").Output()
		return err == nil && len(left) == 0
	})
}

// command runs a command of Slurm in the cluster's folder, with the folder first at the beginning of
// its PATH.
func (c *slurm) command(t *testing.T, first, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "PATH="+first+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", name, err, out, c.logs(t))
	}
	return strings.TrimSpace(string(out))
}

// logs returns the ends of the output of daemons and jobs.
func (c *slurm) logs(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.out", "*.log"} {
		paths, _ := filepath.Glob(filepath.Join(c.dir, pattern))
		for _, path := range paths {
			if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
				fmt.Fprintf(&all, "-- %s\n%s\n", filepath.Base(path), b[max(0, len(b)-1000):])
			}
		}
	}
	return all.String()
}
