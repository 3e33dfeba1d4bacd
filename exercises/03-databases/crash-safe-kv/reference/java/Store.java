import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Values lie in one append-only log; an index in memory says where (the design of Bitcask). The log is the truth: the
 * index follows it, at the start by reading all of it, later record by record, once the record is on the disk.
 */
final class Store {
    /** Garbage that is not worth a compaction. */
    private static final long TOLERATED_GARBAGE = 4 << 20;

    private static final int COPY_CHUNK = 1 << 20;

    /** Where the value of a key lies in the log; {@code size} is what the whole change takes there. */
    private record Entry(long at, int length, int size) {}

    private record Write(byte[] record, CompletableFuture<Void> done) {}

    private final Path folder;
    private final BlockingQueue<Write> waiting = new LinkedBlockingQueue<>();

    /**
     * Only the writer changes the log and the index, and only with this lock. Reading takes it, too: no reader is left
     * in a log that is closed, or sees a part of a batch.
     */
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    private LogFile log;
    private Map<String, Entry> index = new HashMap<>();
    private long live = 0;

    Store(Path folder) throws IOException {
        this.folder = folder;
        Files.deleteIfExists(folder.resolve("compacted")); // of a compaction that did not come to its end
        log = new LogFile(folder.resolve("log"));
        log.recover(this::apply);
        syncFolder();
        var writer = new Thread(this::writeAll, "writer");
        writer.setDaemon(true);
        writer.start();
    }

    Optional<byte[]> get(String key) throws IOException {
        lock.readLock().lock();
        try {
            var entry = index.get(key);
            return entry == null ? Optional.empty() : Optional.of(log.read(entry.at(), entry.length()));
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Makes all changes or none. They are on the disk when it returns. */
    void write(List<Change> changes) throws IOException {
        var write = new Write(LogRecord.encode(changes), new CompletableFuture<>());
        waiting.add(write);
        try {
            write.done().join();
        } catch (CompletionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** The only place that writes: what comes first in the log comes first in the index. */
    private void writeAll() {
        try {
            while (true) {
                // Writes that arrive while the disk is busy wait, and share the next append and its sync (group commit).
                var group = new ArrayList<>(List.of(waiting.take()));
                waiting.drainTo(group);
                writeGroup(group);
                if (log.end() > TOLERATED_GARBAGE + live && log.end() > 2 * live) {
                    tryToCompact();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that
        }
    }

    private void writeGroup(List<Write> group) {
        var at = log.end();
        try {
            log.append(group.stream().map(Write::record).toList());
        } catch (IOException e) {
            group.forEach(write -> write.done().completeExceptionally(e));
            return;
        }
        for (var write : group) {
            lock.writeLock().lock();
            try {
                apply(write.record(), at);
            } finally {
                lock.writeLock().unlock();
            }
            at += write.record().length;
            write.done().complete(null);
        }
    }

    private void apply(byte[] record, long at) {
        for (var change : LogRecord.decode(record)) {
            var entry = new Entry(at + LogRecord.HEADER + change.at(), change.length(), change.size());
            var old = change.deleted() ? index.remove(change.key()) : index.put(change.key(), entry);
            live += (change.deleted() ? 0 : entry.size()) - (old == null ? 0 : old.size());
        }
    }

    private void tryToCompact() {
        try {
            compact();
        } catch (IOException e) {
            System.err.println("Compaction failed: " + e);
        }
    }

    /**
     * Puts a new log with what is live in the place of the old one, in a single step: a crash leaves the one or the
     * other. Reads go on meanwhile, in the old log; writes wait. (A larger store would split its log into segments and
     * compact those to which nobody writes.)
     */
    private void compact() throws IOException {
        var path = folder.resolve("compacted");
        Files.deleteIfExists(path);
        var old = log;
        var compacted = new LogFile(path);
        try {
            var moved = copyLive(compacted);
            lock.writeLock().lock();
            try {
                Files.move(path, folder.resolve("log"), StandardCopyOption.ATOMIC_MOVE);
                log = compacted;
                index = moved;
            } finally {
                lock.writeLock().unlock();
            }
        } catch (IOException e) {
            compacted.close();
            throw e;
        }
        old.close();
        syncFolder();
    }

    /** Returns the index of the copy. */
    private Map<String, Entry> copyLive(LogFile to) throws IOException {
        var moved = new HashMap<String, Entry>();
        var chunk = new ArrayList<byte[]>();
        var end = 0L;
        // In the order of the log, so that the disk reads forwards.
        var entries = new ArrayList<>(index.entrySet());
        entries.sort(Comparator.comparingLong(entry -> entry.getValue().at()));
        for (var named : entries) {
            var entry = named.getValue();
            var value = log.read(entry.at(), entry.length());
            var record = LogRecord.encode(List.of(new Change(named.getKey(), value)));
            chunk.add(record);
            end += record.length;
            moved.put(named.getKey(), new Entry(end - entry.length(), entry.length(), entry.size()));
            if (end - to.end() >= COPY_CHUNK) {
                to.append(chunk);
                chunk.clear();
            }
        }
        to.append(chunk);
        return moved;
    }

    /** A new name in a folder is safe only when the folder itself is on the disk. */
    private void syncFolder() throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
