/*
 * commands.h - the verbs of the command line.
 *
 * Data goes to standard output, everything else to standard error; exit
 * statuses are those of feedmill(8).  A new verb is a row in commands.c.
 */
#ifndef FEEDMILL_COMMANDS_H
#define FEEDMILL_COMMANDS_H

/* The whole of the program; returns its exit status. */
int commands_run(int argc, char **argv);

#endif
