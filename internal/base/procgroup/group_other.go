//go:build !unix

package procgroup

import (
	"errors"
	"os/exec"
)

var errNoGroup = errors.New("clients and jobs in their own processes need process groups and SIGSTOP, which this system does not have")

// ownGroup makes the start of the command fail.
func ownGroup(cmd *exec.Cmd) { cmd.Err = errNoGroup }

func awaitExit(int)                  {}
func groupGone(int) bool             { return true }
func members(int) (string, error)    { return "", errNoGroup }
func stopGroup(int) error            { return errNoGroup }
func continueGroup(int) error        { return errNoGroup }
func killGroup(int) error            { return errNoGroup }
func groupStopped(int) (bool, error) { return false, errNoGroup }
