// Package app puts the house together: it opens a database, makes the use-cases over it, starts the loops and
// the faces of a serving node, and stops them in the reverse order. It refuses to hold any rule of the
// domain: what it knows is which part needs which.
package app
