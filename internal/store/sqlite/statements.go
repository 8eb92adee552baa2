package sqlite

import (
	"context"
	"database/sql/driver"
)

// keepStatements makes connections that keep their prepared statements, so that a text is compiled once per
// connection and not once per use.
type keepStatements struct{ driver.Connector }

// keptStatements bounds what a connection keeps.
const keptStatements = 256

// Connect opens a connection.
func (k keepStatements) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{liteConn: c.(liteConn), kept: map[string]*kept{}}, nil
}

// liteConn is what database/sql asks of the driver's connection.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is used by one goroutine at a time, as database/sql promises.
type conn struct {
	liteConn
	kept map[string]*kept

	version int64 // of the data, as it was asked for last
	asked   bool
}

type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type kept struct {
	liteStmt
	busy bool // rows are being read from it
}

// statement finds or prepares a text; nil when it is in use or there is no room.
func (c *conn) statement(ctx context.Context, text string) (*kept, error) {
	if k := c.kept[text]; k != nil {
		if k.busy {
			return nil, nil
		}
		return k, nil
	}
	if len(c.kept) >= keptStatements {
		c.forget()
	}
	s, err := c.liteConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	k := &kept{liteStmt: s.(liteStmt)}
	c.kept[text] = k
	return k, nil
}

// forget closes every statement that is not in use.
func (c *conn) forget() {
	for text, k := range c.kept {
		if !k.busy {
			_ = k.liteStmt.Close()
			delete(c.kept, text)
		}
	}
}

// ExecContext runs a kept statement.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.liteConn.ExecContext(ctx, text, args)
	}
	return k.ExecContext(ctx, args)
}

// QueryContext runs a kept statement and gives it back when its rows are closed.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.liteConn.QueryContext(ctx, text, args)
	}
	r, err := k.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	k.busy = true
	return &keptRows{Rows: r, of: k}, nil
}

// PrepareContext lends a kept statement whose Close does not close it.
func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	k, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.liteConn.PrepareContext(ctx, text)
	}
	k.busy = true
	return lent{k}, nil
}

// Close closes the statements and the connection.
func (c *conn) Close() error {
	for _, k := range c.kept {
		_ = k.liteStmt.Close()
	}
	clear(c.kept)
	return c.liteConn.Close()
}

type keptRows struct {
	driver.Rows
	of *kept
}

func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

type lent struct{ *kept }

func (l lent) Close() error {
	l.busy = false
	return nil
}
