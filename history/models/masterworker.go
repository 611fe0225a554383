package models

// MasterWorker is a job queue of which nobody takes by himself: one of the clients, the
// master, assigns its jobs, here called tasks, to those that ask for one.
var MasterWorker = declare(Model{
	Name: "master-worker", About: "a master that assigns each task to one worker at a time, until it is finished",
	State: Filled, Stay: JobQueue.Stay, OnZnodes: true,
	Operations: JobQueue.Operations,
})
