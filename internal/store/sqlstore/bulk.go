package sqlstore

import (
	"fmt"
	"strings"
)

// Column is a column of a bulk statement.
type Column struct {
	Name string
	Kind Kind
}

// Bulk is one statement over many rows: arrays through unnest on PostgreSQL, a prepared statement run row by
// row on SQLite, which is each database's quickest way. Make it once, at package level.
type Bulk struct {
	Columns []Column
	// Arrays takes one array per column; Row takes one value per column.
	Arrays, Row string
}

// NewInsert makes a bulk insert. tail may be "ON CONFLICT … DO NOTHING" or the like; rows of one call must not
// meet each other in an ON CONFLICT … DO UPDATE.
func NewInsert(table, tail string, columns ...Column) *Bulk {
	names, marks := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], marks[i] = c.Name, fmt.Sprintf("$%d", i+1)
	}
	into := fmt.Sprintf("INSERT INTO %s (%s) ", table, strings.Join(names, ", "))
	return &Bulk{
		Columns: columns,
		Arrays:  into + "SELECT * FROM " + unnest(columns) + " " + tail,
		Row:     into + "VALUES (" + strings.Join(marks, ", ") + ") " + tail,
	}
}

// NewBulk makes any statement whose text names the rows as {rows}, an aliased source r with the given columns:
// "UPDATE t SET a = r.a FROM {rows} WHERE t.id = r.id".
func NewBulk(sql string, columns ...Column) *Bulk {
	one := make([]string, len(columns))
	for i, c := range columns {
		one[i] = fmt.Sprintf("$%d AS %s", i+1, c.Name)
	}
	return &Bulk{
		Columns: columns,
		Arrays:  strings.ReplaceAll(sql, "{rows}", unnest(columns)),
		Row:     strings.ReplaceAll(sql, "{rows}", "(SELECT "+strings.Join(one, ", ")+") AS r"),
	}
}

func unnest(columns []Column) string {
	names, marks := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], marks[i] = c.Name, fmt.Sprintf("$%d::%s[]", i+1, arrayType[c.Kind])
	}
	return fmt.Sprintf("unnest(%s) AS r(%s)", strings.Join(marks, ", "), strings.Join(names, ", "))
}

var arrayType = map[Kind]string{ID: "uuid", Text: "text", Int: "bigint", Bytes: "bytea", Bool: "boolean"}
