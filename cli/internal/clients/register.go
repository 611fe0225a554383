package clients

import (
	"context"
	"encoding/json"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/guard"
	"github.com/zklab/zklab/recipes"
)

// registerFlags say what is registered.
type registerFlags struct {
	connect.SessionFlags
	programFlags
	address string
	id      string
	data    string
}

func newRegister() *cobra.Command {
	var f registerFlags
	cmd := &cobra.Command{
		Use:   registerName + " PATH --address HOST:PORT -- PROGRAM ARGUMENT...",
		Short: "Register an instance of a service while a program runs",
		Long: "Register adds an instance to the service at a znode, runs a program, removes the instance when the program\n" +
			"ends, and exits with its exit code. If the session is lost, register adds the instance again in a new\n" +
			"one; the program continues. Clients find the instance with zklab discover, recipes.Service or gRPC (grpcresolver).\n" +
			"The program finds ZKLAB_PATH and ZKLAB_ID in its environment: the znode of the service, and the ID of the instance.\n" +
			"Signals are forwarded to the program. All that the program has started ends with it.\n\n" +
			"The instance is registered before the program starts, and its health is not checked. A\n" +
			"client that gets no answer must try another instance.\n\n" +
			"Exit codes: the program's, 128 plus the number of the signal that ended it, 126 and 127 if it could not be run or was\n" +
			"not found, 3 no server or another failure, 64 wrong usage, 130 interrupted before the program ran.",
		Example: "  zklab register /services/payment --address 10.0.0.1:8080 --servers zk1:2181,zk2:2181 -- payment --port 8080\n" +
			`  zklab register /services/payment --address 10.0.0.1:8080 --id a --data '{"zone":"eu"}' -v -- payment`,
		RunE: func(cmd *cobra.Command, args []string) error {
			znode, command, err := pathAndCommand(cmd, args, "/services/payment")
			if err == nil {
				err = f.validate(command)
			}
			var in recipes.Instance
			if err == nil {
				in, err = f.instance()
			}
			if err != nil {
				return usage.Errorf("%s", err)
			}
			return f.run(cmd, znode, command, in)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.address, "address", "", "address at which clients reach the instance: host:port")
	flags.StringVar(&f.id, "id", "", "name of the instance, which replaces an older one of that name (default: a unique name)")
	flags.StringVar(&f.data, "data", "", `data for clients, a JSON object of strings: {"zone":"eu"}`)
	f.programFlags.addTo(cmd)
	f.SessionFlags.AddTo(cmd)
	return cmd
}

func (f *registerFlags) validate(command []string) error {
	if len(command) == 0 {
		return usage.BadFlag("register needs a program after --: the instance is registered while it runs; zklab discover lists the instances")
	}
	if err := f.programFlags.validate(); err != nil {
		return err
	}
	return f.SessionFlags.Validate()
}

// instance returns the instance that the flags describe.
func (f *registerFlags) instance() (recipes.Instance, error) {
	in := recipes.Instance{ID: f.id, Address: f.address}
	host, port, err := net.SplitHostPort(f.address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return in, usage.BadFlag("--address %q: give host:port, such as 10.0.0.1:8080 or [fe80::1]:8080", f.address)
	}
	if f.data != "" {
		if err := json.Unmarshal([]byte(f.data), &in.Metadata); err != nil || in.Metadata == nil {
			return in, usage.BadFlag(`--data %s: give a JSON object of strings, such as {"zone":"eu"}`, f.data)
		}
	}
	return in, nil
}

// run has the instance registered while the program runs. Its error carries the exit code.
func (f *registerFlags) run(cmd *cobra.Command, znode string, command []string, in recipes.Instance) error {
	signals, stop := receivedSignals()
	defer stop()
	ctx, registered := untilReceived(signals, stop)
	say := f.steps(cmd)
	say("connecting to %s", f.Servers)
	f.Online = func(yes bool) { say("%s", connection(yes, "the instance stays registered until its session expires")) }
	s, full, end, err := f.Open(ctx, znode)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	defer end()
	say("registering at %s", full)
	service := recipes.NewService(s, full)
	r, err := service.Register(recipes.WithTrace(ctx, recipes.Trace{
		LinedUp: func(path string) { say("registered as %s: %s", path, in.Address) },
		Gone:    func(path string) { say("%s is gone or its session ended: registering again", path) },
	}), in)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	registered()
	env := []string{"ZKLAB_PATH=" + full, "ZKLAB_ID=" + r.Instance().ID}
	o, err := guard.Run(f.guarded(cmd, command, env), nil, signals)
	f.unregister(cmd, r, full)
	return asExit(cmd, o, err)
}

func (f *registerFlags) unregister(cmd *cobra.Command, r *recipes.Registration, full string) {
	ctx, cancel := context.WithTimeout(context.Background(), f.Connect.Timeout)
	defer cancel()
	if err := r.Unregister(ctx); err != nil {
		terminal.Warn(cmd, "cannot unregister %s, which ends with the session: %s", f.address, usage.OneLine(err))
		return
	}
	f.steps(cmd)("unregistered %s from %s", f.address, full)
}
