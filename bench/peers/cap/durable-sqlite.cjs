/** CAP's own SQLite service, its one connection as durable as casp's: every acknowledged write is on disk. */
const SQLiteService = require('@cap-js/sqlite');

module.exports = class DurableSQLiteService extends SQLiteService {
  get factory() {
    const factory = super.factory;
    const create = async (tenant) => {
      const connection = await factory.create(tenant);
      connection.pragma('synchronous = FULL');
      return connection;
    };
    return { ...factory, create };
  }
};
