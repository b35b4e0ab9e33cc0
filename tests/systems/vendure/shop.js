// A Vendure shop on PostgreSQL: `node shop.js populate` sets it up, `node shop.js serve` answers until it is stopped.
const { createRequire } = require('module');
const installed = createRequire(process.env.SHOP_MODULES + '/');
const { bootstrap, DefaultLogger, dummyPaymentHandler, LogLevel } = installed('@vendure/core');
const { populate } = installed('@vendure/core/cli');

const isNew = process.argv[2] === 'populate';
const config = {
    apiOptions: { hostname: '127.0.0.1', port: Number(process.env.SHOP_PORT), adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
    authOptions: {
        tokenMethod: 'bearer',
        requireVerification: false,
        superadminCredentials: { identifier: 'superadmin', password: process.env.SHOP_PASSWORD },
    },
    dbConnectionOptions: {
        type: 'postgres',
        host: '127.0.0.1',
        port: Number(process.env.DATABASE_PORT),
        username: 'app',
        database: 'postgres',
        synchronize: isNew,
    },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    logger: new DefaultLogger({ level: LogLevel.Error }),
};

const initialData = {
    defaultLanguage: 'en',
    defaultZone: 'Europe',
    countries: [
        { name: 'Netherlands', code: 'NL', zone: 'Europe' },
        { name: 'Germany', code: 'DE', zone: 'Europe' },
    ],
    taxRates: [{ name: 'Standard', percentage: 21 }],
    shippingMethods: [
        { name: 'Standard shipping', price: 500, taxRate: 21 },
        { name: 'Express shipping', price: 1000, taxRate: 21 },
    ],
    paymentMethods: [
        { name: 'Card', handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'false' }] } },
    ],
    collections: [],
};

async function main() {
    if (isNew) {
        const app = await populate(() => bootstrap(config), initialData);
        await app.close();
        process.exit(0);
    }
    await bootstrap(config);
}
main().catch(problem => {
    console.error(problem);
    process.exit(1);
});
