package sqlstore

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"carillon.dev/carillon/internal/base/id"
)

// pgx asks a destination for these before it tries Scan; they spare the detour over text.

func (s *scanID) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		*s.to = id.ID{}
		return nil
	}
	*s.to = v.Bytes
	return nil
}

func (s *scanTime) ScanInt64(v pgtype.Int8) error {
	if !v.Valid {
		*s.to = time.Time{}
		return nil
	}
	*s.to = time.UnixMicro(v.Int64).UTC()
	return nil
}

func (s *scanTimePtr) ScanInt64(v pgtype.Int8) error {
	if !v.Valid {
		*s.to = nil
		return nil
	}
	t := time.UnixMicro(v.Int64).UTC()
	*s.to = &t
	return nil
}

func (s *scanDuration) ScanInt64(v pgtype.Int8) error {
	*s.to = time.Duration(v.Int64) * time.Microsecond
	return nil
}
