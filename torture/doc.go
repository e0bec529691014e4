// Package torture does to the program what a bad day does: it kills it, cuts its power, fills its disk, flips its bytes, damages its
// backups, and loads it for hours. It looks at Stemma from outside: the program as it is built, its command line, its HTTP.
//
// Everything is in the tests. `go test ./torture` runs a trial or a few of each kind; `make torture` runs many, and prints a report.
//
//	STEMMA_TORTURE=long        as many trials as the promises ask for
//	STEMMA_TORTURE_ROUNDS=N    N trials of each kind
//	STEMMA_TORTURE_SEED=N      the first trial's seed; the next ones count on from it
//	STEMMA_TORTURE_REPORT=FILE where the report goes, anew after each trial; a relative name begins in this directory
//	STEMMA_TORTURE_PROGRAM=FILE a program to test in place of the one built from this tree
//	SOAK=1h                    how long the soak is
//
// With -short nothing is done.
//
// A trial that failed says how to repeat it: its test, its seed, and one round. What a seed decides is what is done and when; the
// system's scheduling is no part of it.
//
// Some trials need to be root, loop devices or mounts. Where those are missing the trials are skipped, and the report says so.
package torture
