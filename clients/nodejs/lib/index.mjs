import client from './index.js';

export const { dattss, process, stop } = client;
export default client;
