-- What it takes to make the boards anew from the ledger.

-- Of a ban: whether nobody but the user was to notice it, and whether it was one from all boards.
ALTER TABLE score_events ADD COLUMN shadow boolean NOT NULL DEFAULT false, ADD COLUMN everywhere boolean NOT NULL DEFAULT false;

-- The boards and their rules, one row for each change: the windows of an event are those of the rules of its time. Without rules: the
-- board was deleted, and what happened before is of another board.
CREATE TABLE board_rules (
  board    text   NOT NULL,
  changed  bigint NOT NULL, -- by Redis' clock, in µs since 1970
  revision text,
  rules    jsonb,
  PRIMARY KEY (board, changed)
);

-- The names that users go by, of those who have one, banned or not.
CREATE TABLE user_names (
  board    text NOT NULL,
  user_id  text NOT NULL,
  username text NOT NULL,
  PRIMARY KEY (board, user_id)
);
INSERT INTO user_names (board, user_id, username) SELECT board, user_id, username FROM users_scores WHERE username <> user_id;

CREATE OR REPLACE FUNCTION score_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE'
    AND NEW.user_id LIKE 'erased:%' AND NEW.action_id LIKE 'erased:%'
    AND NEW.actor IS NULL AND NEW.ip IS NULL AND NEW.request_id IS NULL AND NEW.reason IS NULL AND NEW.segments IS NULL
    AND (NEW.board, NEW.kind, NEW.delta, NEW.score_after, NEW.at, NEW.seq, NEW.source, NEW.hidden, NEW.shadow, NEW.everywhere, NEW.recorded_at)
      = (OLD.board, OLD.kind, OLD.delta, OLD.score_after, OLD.at, OLD.seq, OLD.source, OLD.hidden, OLD.shadow, OLD.everywhere, OLD.recorded_at)
    AND (NEW.action_type, NEW.until, NEW.season, NEW.in_window) IS NOT DISTINCT FROM (OLD.action_type, OLD.until, OLD.season, OLD.in_window)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'score_events is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
