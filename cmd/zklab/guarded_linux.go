package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithParent has the kernel end the program when zklab is killed: it must not go on without
// what it holds. Linux sends the signal when the thread ends that has started the program, so that
// thread has to stay: see keepThread.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// keepThread keeps the thread of the calling goroutine until the function is called that it returns.
func keepThread() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
