-- The ledger: what happened on every board, the scores that follow from it, and the rules and names to rebuild the boards.

-- One row for each thing that happened, in months, so that old ones can be moved away as a whole.
CREATE TABLE score_events (
  board       text        NOT NULL,
  user_id     text        NOT NULL,
  action_id   text        NOT NULL,
  kind        text        NOT NULL,
  delta       bigint      NOT NULL,
  score_after bigint      NOT NULL,
  at          timestamptz NOT NULL, -- by Redis' clock, in whole ms
  seq         bigint      NOT NULL, -- tells apart what happened in the same ms; with `at` the id of the stream entry
  actor       text,
  ip          text,
  request_id  text,
  source      text        NOT NULL DEFAULT 'stream',
  action      text,                 -- of the board's catalogue
  reason      text,
  until       timestamptz,
  season      text,
  segments    jsonb,
  in_window   text,                 -- of an import: the window it was for
  hidden      boolean     NOT NULL DEFAULT false,
  shadow      boolean     NOT NULL DEFAULT false, -- of a ban: whether only the user is not to notice it
  all_boards  boolean     NOT NULL DEFAULT false, -- of a ban or its end: whether it was for all boards
  recorded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (at);

CREATE INDEX score_events_board_at ON score_events (board, at, seq);
CREATE INDEX score_events_user_at ON score_events (board, user_id, at, seq);

-- Every action once, for ever. A unique index on score_events would have to hold the month, and so would take an action a second
-- time in the next one; hence a table of its own, which is not partitioned. The key is the first half of SHA-256 over board, user and
-- action: 16 bytes whatever their length, half the size of the texts, and nothing to anonymise when a user is erased, so that an entry
-- delivered again after that is still known. It is never dropped with a month: 10 million actions are about 1 GB with the index.
CREATE TABLE score_actions (
  action_key uuid        PRIMARY KEY,
  at         timestamptz NOT NULL,
  seq        bigint      NOT NULL
);

-- The boards as they stand, kept by the transaction that writes the events.
CREATE TABLE users_scores (
  board    text        NOT NULL,
  user_id  text        NOT NULL,
  username text        NOT NULL,
  score    bigint      NOT NULL,
  at       timestamptz NOT NULL, -- of the event that the score is from: an older one does not overwrite it
  seq      bigint      NOT NULL,
  PRIMARY KEY (board, user_id)
);
CREATE INDEX users_scores_board_score ON users_scores (board, score DESC);

-- Append-only: nothing is deleted, and the one change allowed is that an event forgets whom it was about.
CREATE FUNCTION score_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE'
    AND NEW.user_id LIKE 'erased:%' AND NEW.action_id LIKE 'erased:%'
    AND NEW.actor IS NULL AND NEW.ip IS NULL AND NEW.request_id IS NULL AND NEW.reason IS NULL AND NEW.segments IS NULL
    AND (NEW.board, NEW.kind, NEW.delta, NEW.score_after, NEW.at, NEW.seq, NEW.source, NEW.hidden, NEW.shadow, NEW.all_boards, NEW.recorded_at)
      = (OLD.board, OLD.kind, OLD.delta, OLD.score_after, OLD.at, OLD.seq, OLD.source, OLD.hidden, OLD.shadow, OLD.all_boards, OLD.recorded_at)
    AND (NEW.action, NEW.until, NEW.season, NEW.in_window) IS NOT DISTINCT FROM (OLD.action, OLD.until, OLD.season, OLD.in_window)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'score_events is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON score_events
  FOR EACH ROW EXECUTE FUNCTION score_events_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON score_events
  FOR EACH STATEMENT EXECUTE FUNCTION score_events_append_only();

-- Makes the month that holds a moment, in UTC, where it is not there yet.
CREATE FUNCTION make_score_events_month(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
  month text := 'score_events_' || to_char(first, 'YYYY_MM');
BEGIN
  IF to_regclass(month) IS NOT NULL THEN RETURN; END IF;
  -- One at a time: whoever waited finds it made.
  PERFORM pg_advisory_xact_lock(hashtext('scorewire'), hashtext('months'));
  IF to_regclass(month) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF score_events FOR VALUES FROM (%L) TO (%L)',
    month, first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION score_events_append_only()', month);
END $$;

-- Forgets a user of a board up to a moment: the points stay, whose they were does not. Each call gives another pseudonym, kept nowhere.
CREATE FUNCTION erase_score_user(of_board text, of_user text, up_to timestamptz, up_to_seq bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  pseudonym text := 'erased:' || gen_random_uuid();
BEGIN
  UPDATE score_events
  SET user_id = pseudonym, action_id = 'erased:' || gen_random_uuid(), actor = NULL, ip = NULL, request_id = NULL, reason = NULL, segments = NULL
  WHERE board = of_board AND user_id = of_user AND (at, seq) <= (up_to, up_to_seq);
  DELETE FROM users_scores WHERE board = of_board AND user_id = of_user AND (at, seq) <= (up_to, up_to_seq);
END $$;

-- The boards and their rules, one row for each change: the windows of an event are those of the rules of its time. A row without rules
-- says that the board was deleted, and that what happened before is of another board.
CREATE TABLE board_rules (
  board    text   NOT NULL,
  changed  bigint NOT NULL, -- by Redis' clock, in µs since 1970
  revision text,
  rules    jsonb,
  PRIMARY KEY (board, changed)
);

-- The names of the users who have one, banned or not.
CREATE TABLE user_names (
  board    text NOT NULL,
  user_id  text NOT NULL,
  username text NOT NULL,
  PRIMARY KEY (board, user_id)
);
